type BarListProps = {
  readonly label: string;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly text: string }[];
};

/** Lying bars: names of any length have room, and each has its number. */
export function BarList({ label, bars }: BarListProps) {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <ul className="bar-list" aria-label={label}>
      {bars.map(({ name, value, text }, index) => (
        <li key={index}>
          <span className="truncate">{name}</span>
          <span className="number">{text}</span>
          <div className="bar-list__bar" style={{ width: `${(value / most) * 100}%` }} />
        </li>
      ))}
    </ul>
  );
}
