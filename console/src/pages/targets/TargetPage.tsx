// One target: what it means, its parts level by level, what is set by hand, the accounts to work on.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Button, Popconfirm } from 'antd'
import { lazy, Suspense, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { readSheet, removeTarget, sheetOf, targetQuery, type TargetBoard, type TargetPart } from '../../api/targets'
import { ContextBar } from '../../app/ContextBar'
import type { TargetSearch } from '../../app/search'
import { May } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Save } from '../../charts/Chart'
import { useBeside } from '../../ui/beside'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Facts } from '../../ui/Facts'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { partAt, partsOf } from './parts'
import { kpiName, levelName, partName, pathName, write } from './words'
import './targets.css'

const route = getRouteApi('/engage/targets/$targetId')
const Accounts = lazy(() => import('./Accounts'))
const Adjust = lazy(() => import('./Adjust'))

export default function TargetPage() {
  const { t } = useTranslation()
  const { targetId } = route.useParams()
  const query = useQuery(targetQuery(targetId))
  const { data } = query
  return (
    <Page title={data?.target.name ?? t('targets.title')} question={t('targets.one_question')}>
      <ContextBar>{data && <Tools board={data} />}</ContextBar>
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.isPending && <Card><Skeleton rows={8} height={28} /></Card>}
      {data && <Board board={data} />}
    </Page>
  )
}

function Tools({ board }: { board: TargetBoard }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const client = useQueryClient()
  const navigate = useNavigate()
  const file = useRef<HTMLInputElement>(null)
  const { target_id, name } = board.target
  const read = useMutation({
    mutationFn: (given: File) => readSheet(target_id, given),
    onSuccess: (next) => {
      client.setQueryData(['targets', target_id], next)
      void client.invalidateQueries({ queryKey: ['targets'] })
    },
  })
  const remove = useMutation({
    mutationFn: () => removeTarget(target_id),
    onSuccess: () => {
      void navigate({ to: '/engage/targets' })
      void client.invalidateQueries({ queryKey: ['targets'], exact: true })
    },
  })
  const failed = read.error ?? remove.error
  return (
    <div className="zk-target-tools">
      <Link to="/engage/targets">{t('targets.title')}</Link>
      <a href={sheetOf(target_id, lang)} download>
        {t('targets.sheet')}
      </a>
      <May to="goals.write">
        <input
          ref={file}
          type="file"
          accept=".csv,.xlsx"
          hidden
          aria-label={t('targets.read')}
          onChange={(event) => {
            const [given] = event.target.files ?? []
            if (given) read.mutate(given)
            event.target.value = ''
          }}
        />
        <Button loading={read.isPending} onClick={() => file.current?.click()}>
          {t('targets.read')}
        </Button>
        <Popconfirm title={t('targets.remove_sure')} okText={t('targets.remove')} cancelText={t('targets.cancel')} onConfirm={() => remove.mutate()}>
          <Button aria-label={t('targets.remove_of', { name })} loading={remove.isPending}>
            {t('targets.remove')}
          </Button>
        </Popconfirm>
      </May>
      {read.isSuccess && <span role="status">{t('targets.read_done')}</span>}
      {failed && <ErrorNotice error={failed} />}
    </div>
  )
}

function Board({ board }: { board: TargetBoard }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const set = (next: Partial<TargetSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  const { opened, close } = useBeside(() => set({ open: undefined, of: undefined }))
  const { target, parts, basis } = board
  const show = (value: number | null) => write(format, target.unit, value)
  const path = partAt(parts, search.path ?? []) ? (search.path ?? []) : []
  const beside = search.of && partAt(parts, search.of)
  const open = (what: 'accounts' | 'adjust', of: readonly string[]) => {
    opened()
    set({ open: what, of: [...of] })
  }
  const [whole] = parts
  const shown = partAt(parts, path)
  const rows = [...(shown ? [shown] : []), ...partsOf(parts, path)]
  const level = target.levels[path.length]
  const name = (part: TargetPart) => {
    if (part.path.length === path.length) return <strong>{pathName(t, path)}</strong>
    const text = partName(t, part.path)
    if (!part.has_parts) return text
    return (
      <button type="button" className="zk-link-button" onClick={() => set({ path: part.path })}>
        {text}
      </button>
    )
  }
  const columns: Column<TargetPart>[] = [
    { key: 'name', title: level ? levelName(t, level) : t('targets.part'), isHead: true, cell: name },
    { key: 'amount', title: t('targets.amount'), align: 'right', cell: (part) => show(part.amount) },
    { key: 'progress', title: t('targets.progress'), width: 170, phone: 'line', cell: (part) => <Progress part={part} isBegun={board.through !== null} show={show} /> },
    { key: 'outlook', title: t('targets.outlook'), align: 'right', cell: (part) => show(part.outlook) },
    { key: 'expected', title: t('targets.expected'), align: 'right', cell: (part) => show(part.expected) },
    { key: 'headroom', title: t('targets.headroom'), align: 'right', cell: (part) => (part.headroom > 1 ? t('targets.headroom_says', { n: part.headroom.toFixed(2) }) : '--') },
    { key: 'asked', title: t('targets.asked'), align: 'right', cell: (part) => show(part.asked_below) },
    { key: 'bounds', title: t('targets.bounds'), cell: (part) => bounds(part, show, t) },
    {
      key: 'do',
      title: '',
      phone: 'plain-line',
      cell: (part) => (
        <span className="zk-target-acts">
          <May to="profiles.list">
            <Button size="small" aria-label={t('targets.follow_of', { name: pathName(t, part.path) })} onClick={() => open('accounts', part.path)}>
              {t('targets.follow')}
            </Button>
          </May>
          <May to="goals.write">
            <Button size="small" aria-label={t('targets.adjust_of', { name: pathName(t, part.path) })} onClick={() => open('adjust', part.path)}>
              {t('targets.adjust')}
            </Button>
          </May>
        </span>
      ),
    },
  ]
  const title = path.length > 0 ? t('targets.parts_of', { name: pathName(t, path) }) : t('targets.parts')
  return (
    <>
      <p className="zk-sentence">
        <strong>{t('overview.means')}</strong>
        <span>{lang === 'zh' ? board.meaning_zh : board.meaning}</span>
      </p>
      {whole && (
        <Facts
          facts={[
            [kpiName(target, lang), format.dayRange(target.from, target.to)],
            [t('targets.amount'), show(whole.amount)],
            [t('targets.expected'), show(whole.expected)],
            [t('targets.actual'), show(whole.actual)],
            [t('targets.due'), board.through === null ? '--' : show(whole.due)],
            [t('targets.outlook'), show(whole.outlook)],
          ]}
        />
      )}
      <Card
        title={title}
        hint={t('targets.parts_hint')}
        extra={
          path.length > 0 && (
            <Button size="small" onClick={() => set({ path: path.length > 1 ? path.slice(0, -1) : undefined })}>
              {t('targets.up')}
            </Button>
          )
        }
      >
        <DataTable caption={title} rows={rows} rowKey={(part) => part.path.join('\u0000') || 'all'} columns={columns} maxHeight={640} />
        {board.outside !== null && board.outside !== 0 && <p className="zk-muted">{t('targets.outside', { n: show(board.outside) })}</p>}
        <Save
          title={title}
          numbers={() => ({
            head: [t('targets.part'), t('targets.amount'), t('targets.expected'), t('targets.headroom'), t('targets.actual'), t('targets.due'), t('targets.outlook'), t('targets.asked')],
            rows: rows.map((part) => [pathName(t, part.path), part.amount, part.expected, part.headroom, part.actual, part.due, part.outlook, part.asked_below]),
          })}
        />
        <p className="zk-muted">{t('targets.basis', { day: basis.through, n: basis.n_weeks, told: basis.n_told })}</p>
        <details className="zk-depth">
          <summary>{t('targets.depth')}</summary>
          <p className="zk-muted">{t('targets.depth_help')}</p>
        </details>
        <p className="zk-muted">{t('targets.last_change', { who: target.author, at: format.time(target.set_at) })}</p>
      </Card>
      {beside && (
        <Suspense>
          {search.open === 'accounts' && <Accounts target={target} part={beside} onClose={close} />}
          {search.open === 'adjust' && <Adjust target={target} part={beside} onClose={close} />}
        </Suspense>
      )}
    </>
  )
}

/** What came in against the target, with a mark where it should be by now. */
function Progress({ part, isBegun, show }: { part: TargetPart; isBegun: boolean; show: (value: number | null) => string }) {
  const { t } = useTranslation()
  const format = useFormat()
  if (!isBegun || part.amount === 0) return <span className="zk-muted">{t('targets.not_begun')}</span>
  const share = (value: number | null) => Math.max(0, Math.min(1, (value ?? 0) / part.amount)) * 100
  return (
    <div className="zk-target-progress">
      <span className="zk-target-words">
        <span className="zk-figures">{show(part.actual)}</span>
        {part.is_on_pace !== null && <span className={`zk-change zk-${part.is_on_pace ? 'better' : 'worse'}`}>{part.is_on_pace ? t('targets.on_pace') : t('targets.behind')}</span>}
      </span>
      <span className="zk-bar-track" aria-hidden="true">
        <span className="zk-bar" style={{ width: `${share(part.actual)}%`, background: 'var(--zk-series-1)' }} />
        <span className="zk-target-due" style={{ left: `${share(part.due)}%` }} />
      </span>
      <small className="zk-muted">{t('targets.progress_says', { done: format.ratio((part.actual ?? 0) / part.amount), due: format.ratio(part.due / part.amount) })}</small>
    </div>
  )
}

function bounds(part: TargetPart, show: (value: number | null) => string, t: TFunction): string {
  const words = [part.floor !== null && t('targets.floor_says', { n: show(part.floor) }), part.cap !== null && t('targets.cap_says', { n: show(part.cap) }), part.locked !== null && t('targets.locked_says', { n: show(part.locked) })]
  return words.filter((word) => word !== false).join(' ') || '--'
}
