/** How far something has come: a share from 0 to 1, or unknown. */
export function ProgressBar({ label, share }: { label: string; share: number | undefined }) {
  const part = share === undefined ? undefined : Math.max(0, Math.min(1, share))
  return (
    <div
      className={`zk-progress ${part === undefined ? 'zk-progress-unknown' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={part === undefined ? undefined : Math.round(part * 100)}
    >
      <span style={part === undefined ? undefined : { width: `${part * 100}%` }} />
    </div>
  )
}
