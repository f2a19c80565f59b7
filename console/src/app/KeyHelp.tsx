// All keys in one place, and the switch for those that are single letters.
import { CloseOutlined } from '@ant-design/icons'
import { useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useSettings } from './settings'

const MOD = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl'

export default function KeyHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const { hasLetterKeys, setLetterKeys } = useSettings()
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    dialog.current?.showModal()
  }, [])

  const groups: { title: string; keys: { keys: string[]; does: string; isLetter?: boolean }[] }[] = [
    {
      title: t('keys.everywhere'),
      keys: [
        { keys: [MOD, 'K'], does: t('keys.search') },
        { keys: ['?'], does: t('keys.help'), isLetter: true },
        { keys: ['Esc'], does: t('keys.close') },
        { keys: ['Tab'], does: t('keys.tab') },
      ],
    },
    {
      title: t('keys.lists'),
      keys: [
        { keys: ['J'], does: t('keys.next'), isLetter: true },
        { keys: ['K'], does: t('keys.previous'), isLetter: true },
        { keys: ['↑', '↓'], does: t('keys.arrows') },
        { keys: [t('keys.space')], does: t('keys.peek') },
        { keys: ['Enter'], does: t('keys.open') },
      ],
    },
    {
      title: t('keys.charts'),
      keys: [
        { keys: ['←', '→'], does: t('keys.points') },
        { keys: ['Home', 'End'], does: t('keys.ends') },
      ],
    },
    {
      title: t('keys.editor'),
      keys: [
        { keys: ['Alt', '↑'], does: t('keys.row_up') },
        { keys: ['Alt', '↓'], does: t('keys.row_down') },
        { keys: ['Delete'], does: t('keys.row_remove') },
      ],
    },
  ]
  return (
    <dialog
      ref={dialog}
      className="zk-keys"
      aria-labelledby={`${id}-title`}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close()
      }}
    >
      <div className="zk-keys-body">
        <header className="zk-sheet-head">
          <h2 id={`${id}-title`}>{t('keys.title')}</h2>
          <button type="button" className="zk-icon-button" aria-label={t('keys.done')} onClick={() => dialog.current?.close()}>
            <CloseOutlined aria-hidden="true" />
          </button>
        </header>
        <div className="zk-keys-groups">
          {groups.map((group) => (
            <section key={group.title}>
              <h3>{group.title}</h3>
              <dl>
                {group.keys.map((each) => (
                  <div key={each.does} className={each.isLetter && !hasLetterKeys ? 'zk-key-off' : undefined}>
                    <dt>
                      {each.keys.map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>
                      {each.does}
                      {each.isLetter && !hasLetterKeys && <small> {t('keys.off')}</small>}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <footer className="zk-keys-foot">
          <label className="zk-check">
            <input type="checkbox" checked={hasLetterKeys} onChange={(event) => setLetterKeys(event.target.checked)} />
            {t('keys.letters')}
          </label>
          <p className="zk-muted">{t('keys.letters_help')}</p>
        </footer>
      </div>
    </dialog>
  )
}
