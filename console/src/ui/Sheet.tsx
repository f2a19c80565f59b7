// A dialog beside the page: a heading, what is in it, and what can be done. Escape and a click beside it close it.
import { CloseOutlined } from '@ant-design/icons'
import { useEffect, useId, useRef, type ReactNode } from 'react'
import { WhoTile } from './WhoTile'

type Props = { title: string; closeLabel: string; onClose: () => void; children: ReactNode; foot?: ReactNode; className?: string; isBusy?: boolean }

export function Sheet({ title, closeLabel, onClose, children, foot, className = '', isBusy = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      // The page can be reached again once this is gone.
      setTimeout(() => before instanceof HTMLElement && before.focus())
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      className={`zk-sheet ${className}`}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close()
      }}
    >
      <header className="zk-sheet-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="zk-icon-button" aria-label={closeLabel} onClick={() => dialog.current?.close()}>
          <CloseOutlined aria-hidden="true" />
        </button>
      </header>
      <div className="zk-sheet-body" role="group" aria-labelledby={id} tabIndex={0} aria-busy={isBusy}>
        {children}
      </div>
      {foot && <footer className="zk-sheet-foot">{foot}</footer>}
      <WhoTile />
    </dialog>
  )
}
