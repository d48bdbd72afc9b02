/** What the function returns, or the RangeError that it throws; any other error is a mistake. */
export function valueOrRangeError<Value>(run: () => Value): Value | RangeError {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) return error;
    throw error;
  }
}
