// One box for pages, actions and people. People are found by an exact value only, sent in a request body.
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { searchProfiles } from '../api/queries'
import { ErrorNotice } from '../ui/states'
import { nameOf } from '../pages/customers/people'
import { word } from '../words'
import { useFormat } from './workspace'

type Item = { key: string; group: string; label: string; detail?: string | undefined; run: () => void }

export default function CommandBox({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const navigate = useNavigate()
  const dialog = useRef<HTMLDialogElement>(null)
  const list = useId()
  const [value, setValue] = useState('')
  const [at, setAt] = useState(0)
  const search = useMutation({ mutationFn: (text: string) => searchProfiles(text, undefined) })
  const { mutate: find, reset } = search

  useEffect(() => {
    dialog.current?.showModal()
  }, [])

  const items = useMemo(() => {
    const typed = value.trim().toLowerCase()
    const go = (run: () => unknown) => () => {
      void run()
      onClose()
    }
    const pages: Item[] = [
      { key: 'overview', group: t('command.pages'), label: t('nav.overview'), run: go(() => navigate({ to: '/' })) },
      { key: 'customers', group: t('command.pages'), label: t('nav.profiles'), run: go(() => navigate({ to: '/customers' })) },
      { key: 'segments', group: t('command.pages'), label: t('nav.segments'), run: go(() => navigate({ to: '/customers/segments' })) },
      { key: 'migration', group: t('command.pages'), label: t('nav.migration'), run: go(() => navigate({ to: '/insight/migration' })) },
      { key: 'tags', group: t('command.pages'), label: t('nav.tags'), run: go(() => navigate({ to: '/customers/tags' })) },
      { key: 'rfm', group: t('command.pages'), label: t('nav.rfm'), run: go(() => navigate({ to: '/insight/rfm' })) },
      { key: 'kpis', group: t('command.pages'), label: t('nav.kpis'), run: go(() => navigate({ to: '/insight/kpis' })) },
      { key: 'imports', group: t('command.pages'), label: t('nav.imports'), run: go(() => navigate({ to: '/data/imports' })) },
      { key: 'quality', group: t('command.pages'), label: t('nav.quality'), run: go(() => navigate({ to: '/data/quality' })) },
      { key: 'sources', group: t('command.pages'), label: t('nav.sources'), run: go(() => navigate({ to: '/data/sources' })) },
      { key: 'bind', group: t('command.pages'), label: t('nav.bind'), run: go(() => navigate({ to: '/data/bind' })) },
      { key: 'consents', group: t('command.pages'), label: t('nav.consents'), run: go(() => navigate({ to: '/governance/consents' })) },
      { key: 'requests', group: t('command.pages'), label: t('nav.requests'), run: go(() => navigate({ to: '/governance/requests' })) },
      { key: 'live', group: t('command.pages'), label: t('nav.live'), run: go(() => navigate({ to: '/data/live' })) },
      { key: 'upload', group: t('command.actions'), label: t('command.upload'), run: go(() => navigate({ to: '/data/imports/new' })) },
      { key: 'segment', group: t('command.actions'), label: t('command.segment_new'), run: go(() => navigate({ to: '/customers/segments/new' })) },
      { key: 'tag', group: t('command.actions'), label: t('command.tag_new'), run: go(() => navigate({ to: '/customers/tags/new' })) },
      { key: 'keys', group: t('command.actions'), label: t('keys.title'), run: onHelp },
    ]
    const people: Item[] = (search.data?.items ?? []).map((person) => ({
      key: person.profile_id,
      group: t('command.people'),
      label: nameOf(t, person),
      detail: [person.phone, person.city, word(t, 'tier', person.tier), format.money(person.monetary)].filter((part) => part && part !== '--').join(' · '),
      run: go(() => navigate({ to: '/customers/$profileId', params: { profileId: person.profile_id } })),
    }))
    const shown = pages.filter((page) => !typed || page.label.toLowerCase().includes(typed))
    const lookup: Item[] =
      typed && !search.data
        ? [{ key: 'find', group: t('command.people'), label: t('command.find', { value: value.trim() }), detail: t('command.find_hint'), run: () => find(value.trim()) }]
        : []
    return [...people, ...shown, ...lookup]
  }, [value, search.data, t, format, navigate, onClose, onHelp, find])

  const chosen = Math.min(at, items.length - 1)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setAt((chosen + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % Math.max(items.length, 1))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      items[chosen]?.run()
    }
  }

  return (
    <dialog
      ref={dialog}
      className="zk-command"
      aria-label={t('command.title')}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose()
      }}
    >
      <div className="zk-command-body">
        <input
          className="zk-command-input"
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={items[chosen] ? `${list}-${items[chosen].key}` : undefined}
          aria-label={t('command.title')}
          placeholder={t('command.placeholder')}
          autoComplete="off"
          spellCheck={false}
          value={value}
          onChange={(event) => {
            setValue(event.target.value)
            setAt(0)
            reset()
          }}
          onKeyDown={onKeyDown}
        />
        <div className="zk-command-status" role="status">
          {search.isPending && t('command.searching')}
          {search.data && (search.data.items.length > 0 ? t('command.n_results', { count: search.data.items.length }) : t('command.nobody'))}
        </div>
        {search.isError && <ErrorNotice error={search.error} />}
        <ul id={list} className="zk-command-list" role="listbox" aria-label={t('command.title')}>
          {items.map((item, index) => (
            <li
              key={item.key}
              id={`${list}-${item.key}`}
              role="option"
              aria-selected={index === chosen}
              onPointerMove={() => setAt(index)}
              onClick={item.run}
            >
              <span className="zk-command-label">{item.label}</span>
              {item.detail && <span className="zk-command-detail">{item.detail}</span>}
              <span className="zk-command-group">{item.group}</span>
            </li>
          ))}
        </ul>
        <p className="zk-command-hint">{t('command.hint')}</p>
      </div>
    </dialog>
  )
}
