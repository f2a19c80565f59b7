// Short facts in a row, parted by dots; a line breaks between facts, not inside one.
export function Parts({ parts, className = '' }: { parts: readonly (string | null | undefined | false)[]; className?: string }) {
  return (
    <span className={`zk-parted ${className}`}>
      {parts.map((part, index) => part && <span key={index}>{part}</span>)}
    </span>
  )
}
