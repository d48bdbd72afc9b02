/** Spread over the block, so that the head of a container or a run of zeros does not speak for all of it. */
const samples = 4;
const sampleBytes = 8 * 1024;

/** The bytes by which a block is judged, whether it can be compressed. */
export function sampleOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= samples * sampleBytes) return bytes;
  const step = Math.floor((bytes.length - sampleBytes) / (samples - 1));
  const sample = new Uint8Array(samples * sampleBytes);
  for (let index = 0; index < samples; index++) sample.set(bytes.subarray(index * step, index * step + sampleBytes), index * sampleBytes);
  return sample;
}
