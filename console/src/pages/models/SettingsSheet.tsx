// When customers count as gone, who is urgent, and what to do.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Checkbox, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { adviceQuery, modelSettingsQuery, putAdvice, putModelSettings, type Advised, type ModelSettings } from '../../api/models'
import { useMay } from '../../app/session'
import { Sheet } from '../../ui/Sheet'
import { ErrorNotice, Skeleton } from '../../ui/states'

export default function SettingsSheet({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const settings = useQuery(modelSettingsQuery)
  const advice = useQuery(adviceQuery)
  const failed = settings.isError ? settings : advice.isError ? advice : undefined
  return (
    <Sheet title={t('models.settings')} closeLabel={t('customers.close')} onClose={onClose}>
      {(settings.isPending || advice.isPending) && !failed && <Skeleton rows={8} height={30} />}
      {failed && <ErrorNotice error={failed.error} onRetry={() => void failed.refetch()} />}
      {settings.data && <SettingsForm key={settings.data.version} answer={settings.data} />}
      {advice.data && <AdviceForm key={`a${advice.data.version}`} answer={advice.data} />}
    </Sheet>
  )
}

const percent = (share: number) => `${Math.round(share * 1000) / 10}`

function SettingsForm({ answer }: { answer: { version: number; settings: ModelSettings } }) {
  const { t } = useTranslation()
  const id = useId()
  const cache = useQueryClient()
  const mayChange = useMay('rules.write')
  const { tiers } = answer.settings
  const [days, setDays] = useState(`${answer.settings.churn_days}`)
  const [byRhythm, setByRhythm] = useState(answer.settings.by_rhythm)
  const [shares, setShares] = useState(tiers.by === 'capacity' ? [percent(tiers.high), percent(tiers.medium)] : ['', ''])
  const save = useMutation({ mutationFn: putModelSettings, onSuccess: () => cache.invalidateQueries({ queryKey: modelSettingsQuery.queryKey }) })
  const [high = '', medium = ''] = shares
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    // Costs and margins are set by the command line; they stay as they are here.
    const next = tiers.by === 'value' && high === '' ? tiers : { by: 'capacity' as const, high: Number(high) / 100, medium: Number(medium) / 100 }
    save.mutate({ version: answer.version, settings: { churn_days: Number(days), by_rhythm: byRhythm, tiers: next } })
  }
  return (
    <form className="zk-sheet-form" onSubmit={submit}>
      <h3>{t('models.settings_churn')}</h3>
      <label htmlFor={`${id}-days`}>{t('models.churn_days')}</label>
      <Input id={`${id}-days`} inputMode="numeric" value={days} disabled={!mayChange} onChange={(event) => setDays(event.target.value)} />
      <Checkbox checked={byRhythm} disabled={!mayChange} onChange={(event) => setByRhythm(event.target.checked)}>
        {t('models.by_rhythm')}
      </Checkbox>
      <p className="zk-muted">{t('models.by_rhythm_help')}</p>
      <label htmlFor={`${id}-high`}>{t('models.share_high')}</label>
      <Input id={`${id}-high`} inputMode="decimal" value={high} disabled={!mayChange} suffix="%" onChange={(event) => setShares([event.target.value, medium])} />
      <label htmlFor={`${id}-medium`}>{t('models.share_medium')}</label>
      <Input id={`${id}-medium`} inputMode="decimal" value={medium} disabled={!mayChange} suffix="%" onChange={(event) => setShares([high, event.target.value])} />
      {tiers.by === 'value' && <p className="zk-muted">{t('models.by_value_note')}</p>}
      {save.isError && <ErrorNotice error={save.error} />}
      {save.isSuccess && <p role="status">{t('models.settings_saved')}</p>}
      {mayChange && (
        <Button type="primary" htmlType="submit" loading={save.isPending}>
          {t('models.save')}
        </Button>
      )}
    </form>
  )
}

function AdviceForm({ answer }: { answer: { version: number; table: { advice: Advised[] } } }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const mayChange = useMay('rules.write')
  const [rows, setRows] = useState(answer.table.advice)
  const save = useMutation({ mutationFn: putAdvice, onSuccess: () => cache.invalidateQueries({ queryKey: adviceQuery.queryKey }) })
  const change = (at: number, part: Partial<Advised>) => setRows((old) => old.map((row, index) => (index === at ? { ...row, ...part } : row)))
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    save.mutate({ version: answer.version, advice: rows })
  }
  return (
    <form className="zk-sheet-form" onSubmit={submit}>
      <h3>{t('models.advice')}</h3>
      <p className="zk-muted">{t('models.advice_help')}</p>
      {rows.map((row, at) => {
        const because = row.because ? t(`models.because_${row.because}` as 'models.because_recency', { defaultValue: row.because }) : t('models.because_any')
        const name = t('models.advice_row', { risk: t(`models.risk_${row.risk}`), because })
        return (
          <fieldset key={`${row.risk}-${row.because ?? ''}`}>
            <legend>{name}</legend>
            <Input aria-label={t('models.advice_zh', { name })} value={row.zh} disabled={!mayChange} onChange={(event) => change(at, { zh: event.target.value })} />
            <Input aria-label={t('models.advice_en', { name })} value={row.en} disabled={!mayChange} onChange={(event) => change(at, { en: event.target.value })} />
          </fieldset>
        )
      })}
      {save.isError && <ErrorNotice error={save.error} />}
      {save.isSuccess && <p role="status">{t('models.advice_saved')}</p>}
      {mayChange && (
        <Button htmlType="submit" loading={save.isPending}>
          {t('models.save')}
        </Button>
      )}
    </form>
  )
}
