import { useId, type ReactNode } from 'react'

type Props = {
  title?: ReactNode
  hint?: ReactNode
  extra?: ReactNode
  children: ReactNode
  className?: string
  /** Old content that is about to be replaced stays, dimmed. */
  isStale?: boolean
}

/** A titled block of a page; a region of its own for screen readers. */
export function Card({ title, hint, extra, children, className = '', isStale = false }: Props) {
  const id = useId()
  return (
    <section className={`zk-card ${className}`} aria-labelledby={title ? id : undefined} aria-busy={isStale}>
      {(title ?? extra) && (
        <header className="zk-card-head">
          <div className="zk-card-titles">
            {title && (
              <h2 id={id} className="zk-card-title">
                {title}
              </h2>
            )}
            {hint && <span className="zk-card-hint">{hint}</span>}
          </div>
          {extra && <div className="zk-card-extra">{extra}</div>}
        </header>
      )}
      <div className={isStale ? 'zk-stale' : undefined}>{children}</div>
    </section>
  )
}
