// 营销效果: what campaigns reached, cost and changed; where credit goes; how money might be divided; coupons.
import { getRouteApi } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { Button, Segmented, Switch } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { boardQuery, campaignPeopleQuery, keepCampaignPeople, type CampaignPart } from '../../api/campaigns'
import { ContextBar } from '../../app/ContextBar'
import { CAMPAIGN_TABS, type CampaignsSearch } from '../../app/search'
import { useBeside } from '../../ui/beside'
import { Page } from '../../ui/Page'
import { Tabs } from '../../ui/Tabs'
import { Pick, Question, ScopeFields } from '../insight/fields'
import { sent } from '../insight/question'
import { ANSWERS, askedAt, BUDGETS, BYS_OF, FIRST_CAMPAIGNS, LOOKBACKS, WINDOWS, type CampaignJson } from './question'
import './campaigns.css'

const route = getRouteApi('/engage/campaigns')
const PeopleSheet = lazy(() => import('../insight/People').then((part) => ({ default: part.PeopleSheet })))
const Board = lazy(() => import('./Board'))
const Attribution = lazy(() => import('./Attribution'))
const EffectTab = lazy(() => import('./EffectTab'))
const Budget = lazy(() => import('./Budget'))
const Coupons = lazy(() => import('./Coupons'))
const Moments = lazy(() => import('./Moments'))

/** What each tab is given. */
export type TabProps = { question: CampaignJson; onPeople: (part: CampaignPart) => void; onAnswer: (days: { from: string; to: string }) => void; onCampaign: (campaign: string) => void }

export default function CampaignsPage() {
  const { t } = useTranslation()
  const { tab, spec, part } = route.useSearch()
  const navigate = route.useNavigate()
  const set = (next: Partial<CampaignsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  const { opened, close } = useBeside(() => set({ part: undefined }))
  const [answered, setAnswered] = useState<{ from: string; to: string }>()
  const asked: CampaignJson = { ...FIRST_CAMPAIGNS, ...sent(askedAt(tab, spec)) }
  const props: TabProps = {
    question: asked,
    onPeople: (next) => {
      opened()
      set({ part: next })
    },
    onAnswer: setAnswered,
    onCampaign: (campaign) => set({ tab: 'effect', spec: { ...spec, by: 'campaign', campaign }, part: undefined }),
  }
  const Shown = { board: Board, attribution: Attribution, effect: EffectTab, budget: Budget, coupons: Coupons, moments: Moments }[tab]
  const title = part && [part.key ?? (part.of === 'arm' || part.of === 'uplift' ? asked.campaign : undefined), t(`campaigns.which_${whichOf(part)}`)].filter(Boolean).join(' · ')
  return (
    <Page title={t('campaigns.title')} question={t(`campaigns.question_${tab}`)}>
      <ContextBar />
      <Tabs label={t('campaigns.tabs')} tabs={CAMPAIGN_TABS.map((key) => ({ key, title: t(`campaigns.tab_${key}`) }))} chosen={tab} onChoose={(next) => set({ tab: next, part: undefined })}>
        <Asked key={JSON.stringify(asked) + tab} asked={asked} tab={tab} answered={answered} onAsk={(next) => set({ spec: next, part: undefined })} />
        <Suspense>
          <Shown key={tab} {...props} />
        </Suspense>
      </Tabs>
      {part && (
        <Suspense>
          <PeopleSheet pages={campaignPeopleQuery(asked, part)} keep={(name) => keepCampaignPeople(asked, part, name)} title={title ?? ''} onClose={close} />
        </Suspense>
      )}
    </Page>
  )
}

const WHICH = ['targeted', 'reached', 'delivered', 'opened', 'clicked', 'converted', 'open', 'holdout', 'treated', 'holdout_bought', 'treated_bought', 'both', 'credited', 'target', 'issued', 'redeemed', 'anyway', 'rhythm'] as const

/** A tenth is a number: its people have one name. */
function whichOf(part: CampaignPart) {
  const known = WHICH.find((which) => which === part.which)
  if (part.of === 'attribution' && part.key === undefined) return 'nobody'
  return known ?? 'tenth'
}

type AskedProps = { asked: CampaignJson; tab: (typeof CAMPAIGN_TABS)[number]; answered: { from: string; to: string } | undefined; onAsk: (next: CampaignJson) => void }

function Asked({ asked, tab, answered, onAsk }: AskedProps) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(asked)
  const days = (usual: readonly number[], chosen: number) => [...new Set([...usual, chosen])].sort((a, b) => a - b).map((n) => ({ value: String(n), label: t('campaigns.n_days', { n }) }))
  const bys: readonly CampaignJson['by'][] = tab in BYS_OF ? BYS_OF[tab as keyof typeof BYS_OF] : []
  return (
    <Question
      run={
        <Button type="primary" onClick={() => onAsk(draft)}>
          {t('insight.run')}
        </Button>
      }
    >
      <div className="zk-question-line">
        {bys.length > 0 && (
          <div className="zk-pick">
            <span className="zk-rule-word" aria-hidden="true">
              {t('campaigns.by')}
            </span>
            <Segmented aria-label={t('campaigns.by')} value={draft.by} onChange={(by) => setDraft({ ...draft, by })} options={bys.map((value) => ({ value, label: t(`campaigns.by_${value}`) }))} />
          </div>
        )}
        {tab === 'effect' && <CampaignPick question={draft} onChange={(campaign) => setDraft({ ...draft, campaign })} />}
        {(tab === 'board' || tab === 'effect') && <Pick label={t('campaigns.window')} value={String(draft.window_days)} options={days(WINDOWS, draft.window_days)} onChange={(n) => setDraft({ ...draft, window_days: Number(n) })} />}
        {(tab === 'attribution' || tab === 'coupons') && (
          <Pick label={t(tab === 'coupons' ? 'campaigns.compared' : 'campaigns.lookback')} value={String(draft.lookback_days)} options={days(LOOKBACKS, draft.lookback_days)} onChange={(n) => setDraft({ ...draft, lookback_days: Number(n) })} />
        )}
        {tab === 'attribution' && (
          <div className="zk-pick">
            <span className="zk-rule-word" aria-hidden="true">
              {t('campaigns.visits')}
            </span>
            <Switch aria-label={t('campaigns.visits')} checked={draft.visits} onChange={(visits) => setDraft({ ...draft, visits })} />
          </div>
        )}
        {tab === 'moments' && (
          <div className="zk-pick">
            <span className="zk-rule-word" aria-hidden="true">
              {t('campaigns.answer')}
            </span>
            <Segmented aria-label={t('campaigns.answer')} value={draft.answer} onChange={(answer) => setDraft({ ...draft, answer })} options={ANSWERS.map((value) => ({ value, label: t(`campaigns.answer_${value}`) }))} />
          </div>
        )}
        {tab === 'budget' && (
          <Pick label={t('campaigns.budget')} value={String(draft.budget)} options={[...new Set([...BUDGETS, draft.budget])].sort((a, b) => a - b).map((share) => ({ value: String(share), label: t('campaigns.budget_share', { n: Math.round(share * 100) }) }))} onChange={(share) => setDraft({ ...draft, budget: Number(share) })} />
        )}
        <ScopeFields question={draft} answered={answered} onChange={setDraft} />
      </div>
    </Question>
  )
}

function CampaignPick({ question, onChange }: { question: CampaignJson; onChange: (campaign: string) => void }) {
  const { t } = useTranslation()
  const { data } = useQuery(boardQuery({ ...question, by: 'campaign', campaign: '' }))
  // Those that say something first: nobody was withheld from the others.
  const rows = (data?.rows ?? []).filter((row) => row.key !== '' && (row.n_targeted ?? 1) > 0)
  const options = rows.map((row) => ({ value: row.key, label: row.name ?? row.key }))
  const known = options.some((option) => option.value === question.campaign)
  return <Pick label={t('campaigns.campaign')} value={question.campaign} options={[...(question.campaign === '' ? [{ value: '', label: t('campaigns.choose') }] : []), ...options, ...(known || question.campaign === '' ? [] : [{ value: question.campaign, label: question.campaign }])]} onChange={onChange} />
}
