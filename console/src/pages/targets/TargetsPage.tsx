// 目标拆解: all targets, and a form for a new one.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Button, Input, Select } from 'antd'
import { lazy, Suspense, useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { createTarget, targetsQuery, type Target, type TargetList } from '../../api/targets'
import { ContextBar } from '../../app/ContextBar'
import { May } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat, useWorkspace } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { monthsAfter, typed } from './parts'
import { kpiName, levelName, write } from './words'
import './targets.css'

const DayRange = lazy(() => import('../overview/DayRange'))
/** Levels at most. */
const MAX_LEVELS = 3

export default function TargetsPage() {
  const { t } = useTranslation()
  const query = useQuery(targetsQuery)
  const [isNew, setNew] = useState(false)
  const { data } = query
  return (
    <Page title={t('targets.title')} question={t('targets.question')}>
      <ContextBar>
        <May to="goals.write">
          <Button type="primary" disabled={!data || isNew} onClick={() => setNew(true)}>
            {t('targets.new')}
          </Button>
        </May>
      </ContextBar>
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.isPending && <Card><Skeleton rows={4} height={28} /></Card>}
      {data && isNew && <NewTarget list={data} onCancel={() => setNew(false)} />}
      {data && (
        <Card title={t('targets.title')}>
          {data.items.length === 0 ? <Notice title={t('targets.none')} help={t('targets.none_help')} /> : <All items={data.items} />}
        </Card>
      )}
    </Page>
  )
}

function All({ items }: { items: readonly Target[] }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  return (
    <DataTable
      caption={t('targets.title')}
      rows={items}
      rowKey={(one) => one.target_id}
      columns={[
        {
          key: 'name',
          title: t('targets.name'),
          isHead: true,
          cell: (one) => (
            <Link to="/engage/targets/$targetId" params={{ targetId: one.target_id }} className="zk-person">
              {one.name}
            </Link>
          ),
        },
        { key: 'kpi', title: t('targets.kpi'), cell: (one) => kpiName(one, lang) },
        { key: 'days', title: t('targets.days'), cell: (one) => <span className="zk-figures">{format.dayRange(one.from, one.to)}</span> },
        { key: 'amount', title: t('targets.amount'), align: 'right', cell: (one) => write(format, one.unit, one.amount) },
        { key: 'levels', title: t('targets.levels'), phone: 'line', cell: (one) => one.levels.map((level) => levelName(t, level)).join(' / ') },
      ]}
    />
  )
}

function NewTarget({ list, onCancel }: { list: TargetList; onCancel: () => void }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const id = useId()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [kpi, setKpi] = useState('net_sales')
  const { data: workspace } = useWorkspace()
  const [days, setDays] = useState(() => monthsAfter(workspace?.data_to ?? new Date().toISOString().slice(0, 10), 3))
  const [amount, setAmount] = useState('')
  const [levels, setLevels] = useState<string[]>([])
  const create = useMutation({
    mutationFn: createTarget,
    onSuccess: (board) => {
      client.setQueryData(['targets', board.target.target_id], board)
      void client.invalidateQueries({ queryKey: ['targets'], exact: true })
      void navigate({ to: '/engage/targets/$targetId', params: { targetId: board.target.target_id } })
    },
  })
  const number = typed(amount)
  const isReady = name.trim() !== '' && number != null && levels.length > 0
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady) create.mutate({ name: name.trim(), kpi, ...days, amount: number, levels })
  }
  const unit = list.figures.find((one) => one.key === kpi)?.unit
  // A level after the one chosen last can be chosen; taking one away takes those after it.
  const shown = Math.min(MAX_LEVELS, levels.length + 1)
  return (
    <Card title={t('targets.new')}>
      <form className="zk-target-form" onSubmit={submit}>
        <label htmlFor={`${id}-name`}>{t('targets.name')}</label>
        <Input id={`${id}-name`} maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />
        <label htmlFor={`${id}-kpi`}>{t('targets.kpi')}</label>
        <Select id={`${id}-kpi`} value={kpi} onChange={setKpi} options={list.figures.map((one) => ({ value: one.key, label: lang === 'zh' ? one.name_zh : one.name }))} />
        <span>{t('targets.days')}</span>
        <Suspense fallback={<span className="zk-figures">{`${days.from} ～ ${days.to}`}</span>}>
          <DayRange days={days} onChange={setDays} />
        </Suspense>
        <label htmlFor={`${id}-amount`}>{t(unit === 'money' ? 'targets.amount_money' : 'targets.amount_count')}</label>
        <Input id={`${id}-amount`} inputMode="decimal" value={amount} status={number === undefined ? 'error' : ''} onChange={(event) => setAmount(event.target.value)} />
        <span id={`${id}-levels`}>{t('targets.levels')}</span>
        <div role="group" aria-labelledby={`${id}-levels`} className="zk-target-levels">
          {Array.from({ length: shown }, (_, at) => (
            <Select
              key={at}
              aria-label={t('targets.level_at', { n: at + 1 })}
              value={levels[at] ?? ''}
              onChange={(value) => setLevels(value === '' ? levels.slice(0, at) : [...levels.slice(0, at), value])}
              options={[{ value: '', label: t('targets.no_level') }, ...list.levels.filter((level) => !levels.slice(0, at).includes(level)).map((level) => ({ value: level, label: levelName(t, level) }))]}
            />
          ))}
          <small className="zk-muted">{t('targets.levels_help')}</small>
        </div>
        <div className="zk-target-run">
          <Button type="primary" htmlType="submit" disabled={!isReady} loading={create.isPending}>
            {t('targets.create')}
          </Button>
          <Button onClick={onCancel}>{t('targets.cancel')}</Button>
          {create.isPending && (
            <span className="zk-muted" role="status">
              {t('targets.creating')}
            </span>
          )}
        </div>
      </form>
      {create.isError && <ErrorNotice error={create.error} />}
    </Card>
  )
}
