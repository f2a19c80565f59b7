// A line without axes beside a figure. It repeats what the trend shows, so readers skip it.
type Props = { values: readonly (number | null)[]; width?: number; height?: number }

export function Sparkline({ values, width = 120, height = 28 }: Props) {
  const known = values.filter((value) => value !== null)
  if (known.length < 2) return null
  const low = Math.min(...known)
  const span = Math.max(...known) - low || 1
  const x = (index: number) => (index / (values.length - 1)) * (width - 4) + 2
  const y = (value: number) => height - 3 - ((value - low) / span) * (height - 6)
  return (
    <svg className="zk-spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {runs(values).map((run) => (
        <polyline key={run[0]?.index ?? 0} points={run.map(({ index, value }) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ')} />
      ))}
    </svg>
  )
}

/** Stretches without a gap; a gap in time stays a gap. */
export function runs(values: readonly (number | null)[]): { index: number; value: number }[][] {
  const all: { index: number; value: number }[][] = []
  let open: { index: number; value: number }[] = []
  values.forEach((value, index) => {
    if (value === null) {
      if (open.length > 0) all.push(open)
      open = []
    } else {
      open.push({ index, value })
    }
  })
  if (open.length > 0) all.push(open)
  return all
}
