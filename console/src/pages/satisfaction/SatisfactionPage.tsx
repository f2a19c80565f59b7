// 满意度: how satisfied customers are, what moves it, and whether somebody turned to the dissatisfied.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Segmented } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { keepSatisfied, satisfactionPeople, satisfactionQuery, type Which } from '../../api/satisfaction'
import { ContextBar } from '../../app/ContextBar'
import type { SatisfactionSearch } from '../../app/search'
import { useBeside } from '../../ui/beside'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { Pick, Question, ScopeFields } from '../insight/fields'
import { sent } from '../insight/question'
import { dimensionName } from '../kpis/words'
import { Answer } from './Answer'
import { DIMENSIONS, KINDS, PERIODS, type SatisfactionJson } from './question'
import './satisfaction.css'

const route = getRouteApi('/insight/satisfaction')
const PeopleSheet = lazy(() => import('../insight/People').then((part) => ({ default: part.PeopleSheet })))

export default function SatisfactionPage() {
  const { t } = useTranslation()
  const { spec, view, which } = route.useSearch()
  const navigate = route.useNavigate()
  const set = (next: Partial<SatisfactionSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  const { opened, close } = useBeside(() => set({ which: undefined }))
  const open = (next: Which) => {
    opened()
    set({ which: next })
  }
  const asked = sent(spec)
  const query = useQuery(satisfactionQuery(asked))
  const { data } = query
  const kind = t(`satisfaction.kind_${spec.kind}`)
  return (
    <Page title={t('satisfaction.title')} question={t('satisfaction.question')}>
      <ContextBar />
      <Asked key={JSON.stringify(spec)} asked={spec} answered={data && { from: data.head.from, to: data.head.to }} onAsk={(next) => set({ spec: next, which: undefined })} />
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.isPending && <Card><Skeleton rows={10} height={28} /></Card>}
      {data && <Answer answer={data} spec={spec} view={view} isStale={query.isPlaceholderData} onView={(next) => set({ view: next })} onPeople={open} />}
      {which && (
        <Suspense>
          <PeopleSheet pages={satisfactionPeople(asked, which)} keep={(name) => keepSatisfied(asked, which, name)} title={t('satisfaction.people_of', { kind, which: t(`satisfaction.${which}`) })} onClose={close} />
        </Suspense>
      )}
    </Page>
  )
}

type AskedProps = { asked: SatisfactionJson; answered: { from: string; to: string } | undefined; onAsk: (next: SatisfactionJson) => void }

function Asked({ asked, answered, onAsk }: AskedProps) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(asked)
  const dimensions = [{ value: '', label: t('satisfaction.no_dimension') }, ...DIMENSIONS.map((value) => ({ value, label: dimensionName(t, value) }))]
  const setDimension = (value: string) => {
    setDraft({ ...draft, dimension: DIMENSIONS.find((one) => one === value) })
  }
  return (
    <Question
      run={
        <Button type="primary" onClick={() => onAsk(draft)}>
          {t('insight.run')}
        </Button>
      }
    >
      <div className="zk-question-line">
        <div className="zk-pick">
          <span className="zk-rule-word" aria-hidden="true">
            {t('satisfaction.kind')}
          </span>
          <Segmented aria-label={t('satisfaction.kind')} value={draft.kind} onChange={(kind) => setDraft({ ...draft, kind })} options={KINDS.map((value) => ({ value, label: t(`satisfaction.kind_${value}`) }))} />
        </div>
        <Pick label={t('satisfaction.by')} value={draft.by} options={PERIODS.map((value) => ({ value, label: t(`kpis.by_${value}`) }))} onChange={(value) => setDraft({ ...draft, by: PERIODS.find((one) => one === value) ?? 'month' })} />
        <Pick label={t('satisfaction.dimension')} value={draft.dimension ?? ''} options={dimensions} onChange={setDimension} />
        <ScopeFields question={draft} answered={answered} onChange={setDraft} />
      </div>
    </Question>
  )
}
