// 个人请求: what people ask for, by when it is to be answered, and how far it has come.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { copyRequest, enterRequest, requestsQuery, stepRequest } from '../../api/consents'
import { approveErasure, erasuresQuery, receiptUrl } from '../../api/erasures'
import type { PersonRequest } from '../../api/types'
import { useMay } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Archive } from '../../ui/Archive'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { PurposeSelect } from '../../ui/PurposeSelect'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { HANDED_OUT, KINDS, kindWord, REASONS, reasonWord, statusWord } from './words'
import './consents.css'

const route = getRouteApi('/governance/requests')

export default function RequestsPage() {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useQuery(requestsQuery)
  const { request, profile } = route.useSearch()
  const navigate = route.useNavigate()
  const show = (next: string | undefined) => void navigate({ search: next ? { request: next } : {}, resetScroll: false })
  const open = query.data?.items.find((each) => each.request_id === request)
  const columns: Column<PersonRequest>[] = [
    {
      key: 'kind',
      title: t('requests.kind'),
      isHead: true,
      cell: (row) => (
        <button type="button" className="zk-link-button" onClick={() => show(row.request_id)}>
          {kindWord(t, row.kind)}
        </button>
      ),
    },
    { key: 'status', title: t('requests.status'), cell: (row) => statusWord(t, row.status) },
    { key: 'person', title: t('requests.person'), cell: (row) => (row.profile_id ? <Person id={row.profile_id} isHidden={row.kind === 'deletion' && row.status === 'doing'} /> : '--') },
    { key: 'received', title: t('requests.received'), cell: (row) => format.instantDay(row.received_at) },
    { key: 'due', title: t('requests.due'), cell: (row) => format.day(row.due_on) },
    { key: 'left', title: t('requests.left'), align: 'right', cell: (row) => <Left days={row.days_left} /> },
    { key: 'channel', title: t('consents.channel'), cell: (row) => row.channel || '--' },
  ]
  return (
    <Page
      title={t('requests.title')}
      question={t('requests.question')}
      actions={
        <Button type="primary" onClick={() => show('new')}>
          {t('requests.new')}
        </Button>
      }
    >
      {query.data && query.data.n_overdue > 0 && (
        <p className="zk-hint-bar" role="alert">
          {t('requests.overdue', { n: query.data.n_overdue })}
        </p>
      )}
      <Card title={t('requests.register')} hint={query.data && t('requests.n_open', { n: query.data.n_open })}>
        {query.isPending && <Skeleton rows={6} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data?.items.length === 0 && <Notice title={t('requests.none')} help={t('requests.none_help')} />}
        {query.data && query.data.items.length > 0 && <DataTable caption={t('requests.register')} columns={columns} rows={query.data.items} rowKey={(row) => row.request_id} />}
      </Card>
      {request === 'new' && <New profile={profile ?? ''} onClose={() => show(undefined)} />}
      {open && <One key={open.request_id} request={open} onClose={() => show(undefined)} />}
    </Page>
  )
}

function Person({ id, isHidden }: { id: string; isHidden: boolean }) {
  const short = `…${id.slice(-6)}`
  return isHidden ? (
    <code>{short}</code>
  ) : (
    <Link to="/customers/$profileId" params={{ profileId: id }}>
      <code>{short}</code>
    </Link>
  )
}

function Left({ days }: { days: number | null }) {
  const { t } = useTranslation()
  if (days === null) return <>--</>
  return days < 0 ? <strong className="zk-overdue">{t('requests.days_over', { n: -days })}</strong> : <>{t('requests.days_left', { n: days })}</>
}

function useSaved<T>(save: (value: T) => Promise<unknown>, onDone?: () => void) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: save,
    onSuccess: async () => {
      // A step can hide a customer or take a consent back: nothing that was read before holds.
      await cache.invalidateQueries()
      onDone?.()
    },
  })
}

function New({ profile, onClose }: { profile: string; onClose: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const [who, setWho] = useState(profile)
  const [kind, setKind] = useState<string>('access')
  const [purpose, setPurpose] = useState('')
  const [channel, setChannel] = useState('')
  const [note, setNote] = useState('')
  const save = useSaved(enterRequest, onClose)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate({ profile_id: who.trim(), kind, channel: channel.trim(), note: note.trim(), purpose: kind === 'withdrawal' ? purpose : null, received_on: null })
  }
  return (
    <Sheet title={t('requests.new')} closeLabel={t('customers.close')} onClose={onClose}>
      <form className="zk-sheet-form" onSubmit={submit}>
        <label htmlFor={`${id}-who`}>{t('requests.person')}</label>
        <Input id={`${id}-who`} value={who} maxLength={20} placeholder="prf_…" onChange={(event) => setWho(event.target.value)} />
        <label htmlFor={`${id}-kind`}>{t('requests.kind')}</label>
        <select id={`${id}-kind`} className="zk-select" value={kind} onChange={(event) => setKind(event.target.value)}>
          {KINDS.map((each) => (
            <option key={each} value={each}>
              {kindWord(t, each)}
            </option>
          ))}
        </select>
        {kind === 'withdrawal' && (
          <>
            <label htmlFor={`${id}-purpose`}>{t('consents.purpose')}</label>
            <PurposeSelect id={`${id}-purpose`} value={purpose} onChange={setPurpose} />
          </>
        )}
        <label htmlFor={`${id}-channel`}>{t('consents.channel')}</label>
        <Input id={`${id}-channel`} value={channel} maxLength={100} onChange={(event) => setChannel(event.target.value)} />
        <label htmlFor={`${id}-note`}>{t('requests.note')}</label>
        <Input id={`${id}-note`} value={note} maxLength={300} onChange={(event) => setNote(event.target.value)} />
        {save.error && <ErrorNotice error={save.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" disabled={!who.trim()} loading={save.isPending}>
            {t('requests.enter')}
          </Button>
        </div>
      </form>
    </Sheet>
  )
}

/** What is left to do of a deletion, or what was done: the approval, then the receipt. */
function Erasing({ request }: { request: PersonRequest }) {
  const { t } = useTranslation()
  const format = useFormat()
  const mayErase = useMay('erasure.approve')
  const [isSure, setSure] = useState(false)
  const waits = request.status === 'doing'
  const query = useQuery({ ...erasuresQuery, enabled: waits || request.status === 'done', refetchInterval: waits ? 2_000 : false })
  const approve = useSaved(approveErasure)
  const erasure = query.data?.items.find((each) => each.request_id === request.request_id)
  if (erasure) {
    const n = Object.values(erasure.removed).reduce((sum, each) => sum + each, 0)
    return (
      <div className="zk-sheet-form">
        <p>{erasure.ended_at ? t('requests.erased', { at: format.instant(erasure.ended_at), n: format.count(n) }) : t('requests.erasing')}</p>
        {erasure.is_clean === false && (
          <p className="zk-hint-bar" role="alert">
            {t('requests.erased_found')}
          </p>
        )}
        {erasure.ended_at && (
          <a href={receiptUrl(erasure.erasure_id)} download>
            {t('requests.receipt')}
          </a>
        )}
      </div>
    )
  }
  return (
    <div className="zk-sheet-form">
      <p className="zk-muted">{t('requests.deletion_help')}</p>
      {waits && mayErase && (
        <>
          <label>
            <input type="checkbox" checked={isSure} onChange={(event) => setSure(event.target.checked)} /> {t('requests.erase_sure')}
          </label>
          <div className="zk-form-actions">
            <Button danger type="primary" disabled={!isSure} loading={approve.isPending} onClick={() => approve.mutate(request.request_id)}>
              {t('requests.erase')}
            </Button>
          </div>
          {approve.error && <ErrorNotice error={approve.error} />}
        </>
      )}
    </div>
  )
}

/** 资料副本: all that is held about whoever asks, in an archive. */
function CopyOf({ request }: { request: PersonRequest }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const mayDecide = useMay('requests.decide')
  const make = useMutation({ mutationFn: () => copyRequest(request.request_id, lang) })
  if (!mayDecide) return null
  return (
    <div className="zk-sheet-form">
      <p className="zk-muted">{t('requests.copy_help')}</p>
      {!make.data && (
        <div className="zk-form-actions">
          <Button loading={make.isPending} onClick={() => make.mutate()}>
            {t('requests.copy')}
          </Button>
        </div>
      )}
      {make.error && <ErrorNotice error={make.error} />}
      {make.data && <Archive exportId={make.data.export_id} password={make.data.password} />}
    </div>
  )
}

function One({ request, onClose }: { request: PersonRequest; onClose: () => void }) {
  const { t } = useTranslation()
  const id = useId()
  const [text, setText] = useState('')
  const [reason, setReason] = useState<string>('not_identified')
  const save = useSaved((step: Parameters<typeof stepRequest>[1]) => stepRequest(request.request_id, step), () => setText(''))
  const isNew = request.status === 'new'
  const canRefuse = isNew || request.status === 'checked' || request.status === 'doing'
  const facts = [
    [t('requests.status'), statusWord(t, request.status)],
    [t('requests.note'), request.note],
    [t('requests.check'), request.check_method],
    [t('requests.reason'), request.refusal && reasonWord(t, request.refusal)],
    [t('requests.outcome'), request.outcome],
  ].filter(([, value]) => value)
  return (
    <Sheet title={kindWord(t, request.kind)} closeLabel={t('customers.close')} onClose={onClose}>
      <dl className="zk-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {request.kind === 'deletion' && <Erasing request={request} />}
      {HANDED_OUT.includes(request.kind) && request.status === 'checked' && <CopyOf request={request} />}
      {request.kind === 'correction' && request.status === 'checked' && request.profile_id && (
        <p>
          <Link to="/customers/$profileId" params={{ profileId: request.profile_id }} search={{ correct: request.request_id }}>
            {t('requests.correct')}
          </Link>
        </p>
      )}
      {canRefuse && (
        <div className="zk-sheet-form">
          <label htmlFor={`${id}-text`}>{isNew ? t('requests.check') : t('requests.outcome')}</label>
          <Input id={`${id}-text`} value={text} maxLength={300} placeholder={isNew ? t('requests.check_help') : undefined} onChange={(event) => setText(event.target.value)} />
          <div className="zk-form-actions">
            {isNew && (
              <Button type="primary" disabled={!text.trim()} loading={save.isPending} onClick={() => save.mutate({ check: text.trim() })}>
                {t('requests.checked')}
              </Button>
            )}
            {request.status === 'checked' && (
              <Button type="primary" loading={save.isPending} onClick={() => save.mutate({ outcome: text.trim() })}>
                {request.kind === 'deletion' ? t('requests.approve') : t('requests.do')}
              </Button>
            )}
          </div>
          <label htmlFor={`${id}-reason`}>{t('requests.reason')}</label>
          <select id={`${id}-reason`} className="zk-select" value={reason} onChange={(event) => setReason(event.target.value)}>
            {REASONS.map((each) => (
              <option key={each} value={each}>
                {reasonWord(t, each)}
              </option>
            ))}
          </select>
          <div className="zk-form-actions">
            <Button danger disabled={save.isPending} onClick={() => save.mutate({ refusal: reason, outcome: text.trim() })}>
              {t('requests.refuse')}
            </Button>
          </div>
          {save.error && <ErrorNotice error={save.error} />}
        </div>
      )}
    </Sheet>
  )
}
