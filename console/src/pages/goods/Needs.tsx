// What customers need, as rules that were graded on what was bought later; and what those who have not had it may take next.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { needsQuery, type GoodsPart, type NeedRule, type NeedsAnswer } from '../../api/goods'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Save } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Facts } from '../../ui/Facts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { Means } from '../insight/Answer'
import { FigureButton } from '../insight/FigureButton'
import { Status } from '../models/Grade'
import '../models/models.css'
import { titleOf, useTitles } from './names'
import type { GoodsJson } from './question'

type Props = { question: GoodsJson; onPeople: (part: GoodsPart) => void }

export function Needs({ question, onPeople }: Props) {
  const { t } = useTranslation()
  const query = useQuery(needsQuery(question))
  const { data } = query
  if (query.isError) return <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>
  if (!data) {
    return (
      <Card>
        <p className="zk-muted" role="status">
          {t('goods.learning')}
        </p>
        <Skeleton rows={6} height={28} />
      </Card>
    )
  }
  return (
    <>
      <Means head={data.head} />
      <Rules answer={data} isStale={query.isPlaceholderData} onPeople={onPeople} />
      <Extension answer={data} isStale={query.isPlaceholderData} onPeople={onPeople} />
    </>
  )
}

type Told = { answer: NeedsAnswer; isStale: boolean; onPeople: (part: GoodsPart) => void }

/** A number that opens people. */
function usePeople(onPeople: (part: GoodsPart) => void) {
  const format = useFormat()
  const titles = useTitles()
  return (part: GoodsPart, n: number | null) => (n ? <FigureButton label={titles.people(part)} figure={format.people(n)} onOpen={() => onPeople(part)} /> : format.people(n))
}

function Rules({ answer, isStale, onPeople }: Told) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const people = usePeople(onPeople)
  const { grade, rules } = answer
  if (!grade) return <Card><Notice title={t('goods.needs_none')} help={t('goods.needs_none_help')} /></Card>
  const conditions = (rule: NeedRule) => rule.conditions.map((one) => (lang === 'zh' ? one.zh : one.en))
  const part = (rule: NeedRule, which: 'both' | 'left'): GoodsPart => ({ of: 'need', antecedent: rule.keys, consequent: rule.good.id, which })
  const bought = (rule: NeedRule) => (rule.n_graded === 0 ? 0 : rule.n_bought / rule.n_graded)
  const columns: Column<NeedRule>[] = [
    { key: 'conditions', title: t('goods.needs_who'), isHead: true, cell: (rule) => conditions(rule).join(lang === 'zh' ? '，' : ', ') || t('goods.needs_everybody') },
    { key: 'good', title: t('goods.needs_good'), phone: 'line', cell: (rule) => titleOf(rule.good) },
    { key: 'bought', title: t('goods.needs_bought'), align: 'right', cell: (rule) => format.ratioColumn(bought(rule)) },
    { key: 'usual', title: t('goods.needs_usual'), align: 'right', cell: (rule) => format.ratioColumn(rule.usual) },
    { key: 'lift', title: t('goods.lift'), align: 'right', cell: (rule) => rule.lift.toFixed(2) },
    { key: 'n', title: t('goods.needs_graded'), align: 'right', cell: (rule) => format.count(rule.n_graded) },
    { key: 'holds', title: t('goods.needs_verdict'), cell: (rule) => <span className={rule.holds ? 'zk-change zk-better' : 'zk-muted'}>{t(rule.holds ? 'goods.needs_holds' : 'goods.needs_unclear')}</span> },
    { key: 'people', title: t('goods.needs_people'), align: 'right', cell: (rule) => people(part(rule, 'both'), rule.n_people) },
    { key: 'left', title: t('goods.needs_left'), align: 'right', cell: (rule) => people(part(rule, 'left'), rule.n_without) },
  ]
  const title = t('goods.needs')
  return (
    <>
      <Facts
        facts={[
          [t('goods.needs_by_rule'), format.ratio(grade.by_rule)],
          [t('goods.needs_by_habit'), format.ratio(grade.by_habit)],
          [t('goods.needs_by_best'), format.ratio(grade.by_best_seller)],
          [t('goods.graded'), format.count(grade.n)],
          [t('goods.learnt_customers'), format.count(answer.n_learnt)],
          [t('goods.refused'), format.people(answer.n_refused)],
        ]}
      />
      <Card title={title} hint={t('goods.needs_hint', { n: answer.window_days })} extra={<Status status={answer.status} />} isStale={isStale}>
        {rules.length === 0 && <Notice title={t('goods.needs_no_rules')} />}
        {rules.length > 0 && (
          <>
            <DataTable caption={title} rows={rules} rowKey={(rule) => `${rule.keys.join('\u0000')} ${rule.good.id}`} columns={columns} maxHeight={560} />
            <Save
              title={title}
              numbers={() => ({
                head: [t('goods.needs_who'), t('goods.needs_good'), t('goods.needs_bought'), t('goods.needs_usual'), t('goods.lift'), t('goods.needs_graded'), t('goods.q'), t('goods.needs_people'), t('goods.needs_left')],
                rows: rules.map((rule) => [conditions(rule).join('; '), titleOf(rule.good), bought(rule), rule.usual, rule.lift, rule.n_graded, rule.q, rule.n_people, rule.n_without]),
              })}
            />
          </>
        )}
        <details className="zk-depth">
          <summary>{t('goods.depth')}</summary>
          <p className="zk-muted">{t('goods.needs_depth')}</p>
        </details>
      </Card>
    </>
  )
}

function Extension({ answer, isStale, onPeople }: Told) {
  const { t } = useTranslation()
  const format = useFormat()
  const people = usePeople(onPeople)
  const { extension, extension_hits: hits, best_seller_hits: plain } = answer
  const title = t('goods.extension')
  if (extension.length === 0) return null
  return (
    <Card title={title} hint={t('goods.extension_hint')} extra={<Status status={answer.extension_status} />} isStale={isStale}>
      {hits != null && plain != null && <p className="zk-muted">{t('goods.extension_says', { hits: format.ratio(hits), plain: format.ratio(plain) })}</p>}
      <DataTable
        caption={title}
        rows={extension}
        rowKey={(one) => one.good.id}
        maxHeight={420}
        columns={[
          { key: 'good', title: t('goods.extension_good'), isHead: true, cell: (one) => titleOf(one.good) },
          { key: 'people', title: t('goods.needs_people'), align: 'right', cell: (one) => people({ of: 'extension', antecedent: [], consequent: one.good.id, which: 'both' }, one.n_people) },
        ]}
      />
      <Save title={title} numbers={() => ({ head: [t('goods.extension_good'), t('goods.needs_people')], rows: extension.map((one) => [titleOf(one.good), one.n_people]) })} />
    </Card>
  )
}
