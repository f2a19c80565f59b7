// Goals of a figure: how far each has come, and a form for another one.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { putGoal, removeGoal } from '../../api/kpis'
import type { KpiGoal, KpiSeries } from '../../api/types'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Notice } from '../../ui/states'
import { write } from './words'

const daysOf = (goal: KpiGoal) => `${goal.from}..${goal.to}`

export function Goals({ series }: { series: KpiSeries }) {
  const { t } = useTranslation()
  const format = useFormat(series.currency)
  const queryClient = useQueryClient()
  const id = useId()
  const { kpi, goals } = series
  const isShare = kpi.unit === 'share'
  const [period, setPeriod] = useState(series.points.at(-1)?.period ?? '')
  const [value, setValue] = useState('')
  const again = () => queryClient.invalidateQueries({ queryKey: ['kpi', kpi.key] })
  const put = useMutation({ mutationFn: () => putGoal(kpi.key, period.trim(), Number(value) / (isShare ? 100 : 1)), onSuccess: again })
  const remove = useMutation({ mutationFn: (goal: KpiGoal) => removeGoal(kpi.key, daysOf(goal)), onSuccess: again })
  const failed = put.error ?? remove.error
  const isReady = period.trim() !== '' && value.trim() !== '' && Number.isFinite(Number(value))
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (isReady) put.mutate()
  }
  return (
    <Card title={t('kpis.goals')}>
      {goals.length === 0 && <Notice title={t('kpis.goals_none')} help={t('kpis.goals_none_help')} />}
      <ul className="zk-goals">
        {goals.map((goal) => (
          <li key={daysOf(goal)}>
            <div className="zk-tier-head">
              <span className="zk-figures">{format.dayRange(goal.from, goal.to)}</span>
              <span>
                {write(format, kpi, goal.actual)} / {write(format, kpi, goal.value)}
              </span>
            </div>
            <span className="zk-bar-track" aria-hidden="true">
              <span className="zk-bar" style={{ width: `${Math.max(0, Math.min(1, goal.progress_ratio ?? 0)) * 100}%`, background: 'var(--zk-series-1)' }} />
            </span>
            <p className="zk-goal-state">
              <span>
                {t('kpis.goal_state', { progress: format.ratio(goal.progress_ratio), elapsed: format.ratio(goal.elapsed_ratio) })}
                {goal.is_on_pace != null && <span className={`zk-change zk-${goal.is_on_pace ? 'better' : 'worse'}`}> {goal.is_on_pace ? t('kpis.on_pace') : t('kpis.behind_pace')}</span>}
              </span>
              {goal.outlook && (
                <span>
                  {t('kpis.goal_outlook', { expected: write(format, kpi, goal.outlook.expected) })}
                  {goal.outlook.chance != null && ` ${t('kpis.goal_chance', { chance: format.ratio(goal.outlook.chance) })}`}
                </span>
              )}
              <May to="goals.write">
                <Button size="small" aria-label={t('kpis.goal_remove_of', { days: format.dayRange(goal.from, goal.to) })} loading={remove.isPending && remove.variables === goal} onClick={() => remove.mutate(goal)}>
                  {t('kpis.goal_remove')}
                </Button>
              </May>
            </p>
          </li>
        ))}
      </ul>
      <May to="goals.write">
        <form className="zk-goal-form" onSubmit={submit}>
          <label htmlFor={`${id}-period`}>{t('kpis.goal_period')}</label>
          <Input id={`${id}-period`} value={period} aria-describedby={`${id}-help`} onChange={(event) => setPeriod(event.target.value)} />
          <label htmlFor={`${id}-value`}>{isShare ? t('kpis.goal_value_share') : t('kpis.goal_value')}</label>
          <Input id={`${id}-value`} inputMode="decimal" value={value} onChange={(event) => setValue(event.target.value)} />
          <Button type="primary" htmlType="submit" disabled={!isReady} loading={put.isPending}>
            {t('kpis.goal_set')}
          </Button>
          <small id={`${id}-help`} className="zk-muted">
            {t('kpis.goal_period_help')}
          </small>
        </form>
      </May>
      {failed && <ErrorNotice error={failed} />}
    </Card>
  )
}
