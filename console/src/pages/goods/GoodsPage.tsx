// 商品洞察: what is bought together, what is bought next, and can it be told what customers want?
import { getRouteApi } from '@tanstack/react-router'
import { Button, Segmented } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { goodsPeopleQuery, keepGoodsPeople, type GoodsPart } from '../../api/goods'
import { ContextBar } from '../../app/ContextBar'
import { GOODS_TABS, type GoodsSearch } from '../../app/search'
import { useBeside } from '../../ui/beside'
import { Page } from '../../ui/Page'
import { Tabs } from '../../ui/Tabs'
import { Pick, Question, ScopeFields } from '../insight/fields'
import { sent } from '../insight/question'
import { useTitles } from './names'
import { BASKETS, GAPS, LEVELS, type GoodsJson } from './question'
import { Needs } from './Needs'
import { Rules } from './Rules'
import { Grades } from './Grades'
import './goods.css'

const route = getRouteApi('/insight/goods')
const PeopleSheet = lazy(() => import('../insight/People').then((part) => ({ default: part.PeopleSheet })))

export default function GoodsPage() {
  const { t } = useTranslation()
  const search = route.useSearch()
  const { tab, spec, part } = search
  const navigate = route.useNavigate()
  const set = (next: Partial<GoodsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  const { opened, close } = useBeside(() => set({ part: undefined }))
  const open = (next: GoodsPart) => {
    opened()
    set({ part: next })
  }
  const titles = useTitles()
  const [answered, setAnswered] = useState<{ from: string; to: string }>()
  const asked = sent(spec)
  return (
    <Page title={t('goods.title')} question={tab === 'together' || tab === 'next' ? t('goods.question') : t(`goods.${tab}_question`)}>
      <ContextBar />
      <Tabs label={t('goods.tabs')} tabs={GOODS_TABS.map((key) => ({ key, title: t(`goods.tab_${key}`) }))} chosen={tab} onChoose={(next) => set({ tab: next, part: undefined })}>
        {tab !== 'wanted' && (
          <>
            <Asked key={JSON.stringify(spec) + tab} asked={spec} tab={tab} answered={answered} onAsk={(next) => set({ spec: next, part: undefined })} />
            {tab === 'needs' ? <Needs question={asked} onPeople={open} /> : <Rules key={tab} tab={tab} question={asked} sort={search.sort} isRising={search.asc === true} onSort={(sort, asc) => set({ sort, asc })} onPeople={open} onAnswer={setAnswered} />}
          </>
        )}
        {tab === 'wanted' && <Grades />}
      </Tabs>
      {part && (
        <Suspense>
          <PeopleSheet pages={goodsPeopleQuery(asked, part)} keep={(name) => keepGoodsPeople(asked, part, name)} title={titles.people(part)} onClose={close} />
        </Suspense>
      )}
    </Page>
  )
}

type AskedProps = { asked: GoodsJson; tab: 'together' | 'next' | 'needs'; answered: { from: string; to: string } | undefined; onAsk: (next: GoodsJson) => void }

function Asked({ asked, tab, answered, onAsk }: AskedProps) {
  const { t } = useTranslation()
  const [draft, setDraft] = useState(asked)
  const gaps = [...new Set([...GAPS, asked.max_gap_days])].sort((a, b) => a - b)
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
            {t('goods.level')}
          </span>
          <Segmented aria-label={t('goods.level')} value={draft.level} onChange={(level) => setDraft({ ...draft, level })} options={LEVELS.map((value) => ({ value, label: t(`goods.level_${value}`) }))} />
        </div>
        {tab === 'together' && (
          <div className="zk-pick">
            <span className="zk-rule-word" aria-hidden="true">
              {t('goods.basket')}
            </span>
            <Segmented aria-label={t('goods.basket')} value={draft.basket} onChange={(basket) => setDraft({ ...draft, basket })} options={BASKETS.map((value) => ({ value, label: t(`goods.basket_${value}`) }))} />
          </div>
        )}
        {tab === 'next' && (
          <Pick label={t('goods.gap')} value={String(draft.max_gap_days)} options={gaps.map((days) => ({ value: String(days), label: t('goods.gap_days', { n: days }) }))} onChange={(days) => setDraft({ ...draft, max_gap_days: Number(days) })} />
        )}
        <ScopeFields question={draft} answered={answered} onChange={setDraft} />
      </div>
    </Question>
  )
}
