// What all tabs share: waiting and failing, numbers that open people, verdicts.
import type { UseQueryResult } from '@tanstack/react-query'
import { useEffect, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { CampaignPart, Effect } from '../../api/campaigns'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { FigureButton } from '../insight/FigureButton'

type Answered = { head: { from: string; to: string } }

/** The answer, once it is there. */
export function Ready<T extends Answered>({ query, onAnswer, children }: { query: UseQueryResult<T>; onAnswer: (days: { from: string; to: string }) => void; children: (data: T) => ReactNode }) {
  const { data, isError, error } = query
  const from = data?.head.from
  const to = data?.head.to
  useEffect(() => {
    if (from && to) onAnswer({ from, to })
  }, [from, to, onAnswer])
  if (isError) return <Card><ErrorNotice error={error} onRetry={() => void query.refetch()} /></Card>
  if (!data) return <Card><Skeleton rows={10} height={28} /></Card>
  return children(data)
}

/** A number of people that opens them. */
export function usePeople(onPeople: (part: CampaignPart) => void) {
  const { t } = useTranslation()
  const format = useFormat()
  return (part: CampaignPart, title: string, n: number | null | undefined, word: string) =>
    n ? <FigureButton label={t('campaigns.open_people', { title, word })} figure={format.people(n)} onOpen={() => onPeople(part)} /> : format.people(n)
}

const VERDICTS = ['no_holdout', 'too_early', 'broken', 'stop_harm', 'enough_evidence', 'go_on', 'worked', 'harmed', 'unclear'] as const
const TONES: Partial<Record<(typeof VERDICTS)[number], string>> = { broken: 'bad', stop_harm: 'bad', harmed: 'bad', enough_evidence: 'good', worked: 'good' }

/** What to do with a campaign, in a word. */
export function VerdictMark({ verdict }: { verdict: string | null | undefined }) {
  const { t } = useTranslation()
  const known = VERDICTS.find((one) => one === verdict)
  if (!known) return <>--</>
  return <span className={`zk-verdict zk-verdict-${TONES[known] ?? 'plain'}`}>{t(`campaigns.verdict_${known}`)}</span>
}

/** A difference of shares with its interval, in points. */
export function useBetween() {
  const { t } = useTranslation()
  const format = useFormat()
  const signed = (value: number, write: (value: number) => string) => (value > 0 ? `+${write(value)}` : write(value))
  return {
    points: (effect: Pick<Effect, 'difference' | 'low' | 'high'>) =>
      t('campaigns.between', { value: signed(effect.difference, format.points), low: (effect.low * 100).toFixed(1).replace('-', '−'), high: (effect.high * 100).toFixed(1).replace('-', '−') }),
    money: (effect: Pick<Effect, 'difference' | 'low' | 'high'>) =>
      t('campaigns.between', { value: signed(effect.difference, (value) => format.money(value.toFixed(2))), low: format.money(effect.low.toFixed(2)), high: format.money(effect.high.toFixed(2)) }),
  }
}
