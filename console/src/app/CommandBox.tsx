// One box for pages, actions, what was saved, and people. Names are found by a part of them or by pinyin initials. People are found by an exact value only, sent in a request body.
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { Permission } from '../api/accounts'
import { viewsQuery } from '../api/customers'
import { searchProfiles } from '../api/queries'
import { segmentsQuery } from '../api/segments'
import { tagsQuery } from '../api/tags'
import { ErrorNotice } from '../ui/states'
import { nameOf } from '../pages/customers/people'
import { placeOf } from '../pages/customers/spec'
import { word } from '../words'
import { isMeant } from './pinyin'
import { useGroups } from './places'
import { isAllowed, useSession } from './session'
import { useSettings } from './settings'
import { useFormat } from './workspace'

/** No more than these of what was saved. */
const MAX_SAVED = 8

type Item = { key: string; group: string; label: string; detail?: string | undefined; run: () => void }

export default function CommandBox({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const { t } = useTranslation()
  const format = useFormat()
  const groups = useGroups()
  const session = useSession()
  const navigate = useNavigate()
  const dialog = useRef<HTMLDialogElement>(null)
  const list = useId()
  const [value, setValue] = useState('')
  const [at, setAt] = useState(0)
  const search = useMutation({ mutationFn: (text: string) => searchProfiles(text, undefined) })
  const { mutate: find, reset } = search
  const { lang } = useSettings()
  const has = (permission: Permission) => value.trim() !== '' && isAllowed(session, permission)
  const segments = useQuery({ ...segmentsQuery(false), enabled: has('segments.read') }).data?.items
  const tags = useQuery({ ...tagsQuery, enabled: has('tags.read') }).data?.items
  const views = useQuery({ ...viewsQuery, enabled: has('views.use') }).data?.items

  useEffect(() => {
    dialog.current?.showModal()
  }, [])

  const items = useMemo(() => {
    const may = (permission: Permission) => isAllowed(session, permission)
    const typed = value.trim().toLowerCase()
    const go = (run: () => unknown) => () => {
      void run()
      onClose()
    }
    const pages: Item[] = [
      ...groups.flatMap((group) => group.places.map(({ to, name }) => ({ key: to, group: t('command.pages'), label: t(`nav.${name}`), run: go(() => navigate({ to })) }))),
      { key: 'account', group: t('command.pages'), label: t('nav.account'), run: go(() => navigate({ to: '/account' })) },
      ...(may('imports.run') ? [{ key: 'upload', group: t('command.actions'), label: t('command.upload'), run: go(() => navigate({ to: '/data/imports/new' })) }] : []),
      ...(may('segments.write') ? [{ key: 'segment', group: t('command.actions'), label: t('command.segment_new'), run: go(() => navigate({ to: '/customers/segments/new' })) }] : []),
      ...(may('tags.write') ? [{ key: 'tag', group: t('command.actions'), label: t('command.tag_new'), run: go(() => navigate({ to: '/customers/tags/new' })) }] : []),
      { key: 'keys', group: t('command.actions'), label: t('keys.title'), run: onHelp },
    ]
    const people: Item[] = (search.data?.items ?? []).map((person) => ({
      key: person.profile_id,
      group: t('command.people'),
      label: nameOf(t, person),
      detail: [person.phone, person.city, word(t, 'tier', person.tier), format.money(person.monetary)].filter((part) => part && part !== '--').join(' · '),
      run: go(() => navigate({ to: '/customers/$profileId', params: { profileId: person.profile_id } })),
    }))
    const shown = pages.filter((page) => !typed || isMeant(page.label, typed))
    const saved: Item[] = [
      ...(segments ?? []).map((each) => ({ key: each.segment_id, group: t('nav.segments'), label: each.name, run: go(() => navigate({ to: '/customers/segments/$segmentId', params: { segmentId: each.segment_id } })) })),
      ...(views ?? []).map((each) => ({ key: each.view_id, group: t('command.views'), label: each.name ?? '', run: go(() => navigate({ to: '/customers', search: placeOf(each) })) })),
      ...(tags ?? []).map((each) => ({ key: `tag-${each.key}`, group: t('nav.tags'), label: lang === 'zh' ? each.name_zh : each.name, run: go(() => navigate({ to: '/customers/tags/$key', params: { key: each.key } })) })),
    ]
      .filter(({ label }) => typed && isMeant(label, typed))
      .slice(0, MAX_SAVED)
    const lookup: Item[] =
      typed && !search.data && may('profiles.read')
        ? [{ key: 'find', group: t('command.people'), label: t('command.find', { value: value.trim() }), detail: t('command.find_hint'), run: () => find(value.trim()) }]
        : []
    return [...people, ...shown, ...saved, ...lookup]
  }, [value, search.data, segments, tags, views, lang, t, format, navigate, onClose, onHelp, find, groups, session])

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
