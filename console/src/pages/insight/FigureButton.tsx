/** A number that opens the people behind it; its name says what is seen, too. */
export function FigureButton({ label, figure, onOpen }: { label: string; figure: string; onOpen: () => void }) {
  return (
    <button type="button" className="zk-link-button zk-figures" aria-label={`${label} ${figure}`} onClick={onOpen}>
      {figure}
    </button>
  )
}
