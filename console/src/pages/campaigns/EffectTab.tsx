// 增量: what one campaign changed, whether it may be stopped, and whom it moves more than others.
import { useQuery } from '@tanstack/react-query'
import type { EChartsCoreOption } from 'echarts/core'
import { useTranslation } from 'react-i18next'
import { effectQuery, upliftQuery, type Effect, type EffectAnswer, type UpliftAnswer } from '../../api/campaigns'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { baseOption, Chart, Save, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable, type Column } from '../../ui/DataTable'
import { Notice } from '../../ui/states'
import { Means } from '../insight/Answer'
import { barsOption } from '../insight/bars'
import type { TabProps } from './CampaignsPage'
import { Ready, useBetween, usePeople, VerdictMark } from './shared'

export default function EffectTab(props: TabProps) {
  const { t } = useTranslation()
  const isChosen = props.question.campaign !== ''
  const effect = useQuery({ ...effectQuery(props.question), enabled: isChosen })
  const uplift = useQuery({ ...upliftQuery(props.question), enabled: isChosen })
  if (!isChosen) {
    return (
      <Card>
        <Notice title={t('campaigns.choose_one')} help={t('campaigns.choose_help')} />
      </Card>
    )
  }
  return (
    <>
      <Ready query={effect} onAnswer={props.onAnswer}>
        {(answer) => <Answer {...props} answer={answer} isStale={effect.isPlaceholderData} />}
      </Ready>
      <Ready query={uplift} onAnswer={props.onAnswer}>
        {(answer) => <Moved {...props} answer={answer} isStale={uplift.isPlaceholderData} />}
      </Ready>
    </>
  )
}

type Line = { key: string; name: string; holdout: React.ReactNode; treated: React.ReactNode; difference: string; p: string }

function Answer({ answer, isStale, question, onPeople }: TabProps & { answer: EffectAnswer; isStale: boolean }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const people = usePeople(onPeople)
  const between = useBetween()
  const { lift } = answer
  const title = t('campaigns.comparison')
  const arm = (which: string, n: number) => people({ of: 'arm', which }, answer.row.name ?? question.campaign, n, t(`campaigns.which_${which as 'holdout'}`))
  const chance = (p: number) => (p < 0.001 ? t('goods.q_small') : format.ratio(p))
  const money = (value: number) => format.money(value.toFixed(2))
  const spent = (key: string, name: string, effect: Effect | null | undefined): Line[] => (effect ? [{ key, name, holdout: money(effect.holdout), treated: money(effect.treated), difference: between.money(effect), p: chance(effect.p) }] : [])
  const lines: Line[] = lift
    ? [
        { key: 'n', name: t('campaigns.drawn'), holdout: arm('holdout', lift.n_holdout), treated: arm('treated', lift.n_treated), difference: '--', p: lift.ratio_p == null ? '--' : t('campaigns.ratio_p', { p: chance(lift.ratio_p) }) },
        { key: 'bought', name: t('campaigns.which_converted'), holdout: arm('holdout_bought', lift.n_holdout_bought), treated: arm('treated_bought', lift.n_treated_bought), difference: '--', p: '--' },
        ...(lift.rate ? [{ key: 'rate', name: t('campaigns.rate'), holdout: format.ratioColumn(lift.rate.holdout), treated: format.ratioColumn(lift.rate.treated), difference: between.points(lift.rate), p: chance(lift.rate.p) }] : []),
        ...spent('spend', t('campaigns.spend'), lift.spend),
        ...spent('adjusted', t('campaigns.adjusted', { share: format.ratio(lift.reduction) }), lift.adjusted),
      ]
    : []
  const columns: Column<Line>[] = [
    { key: 'name', title: t('campaigns.what'), isHead: true, cell: (line) => line.name },
    { key: 'holdout', title: t('campaigns.which_holdout'), align: 'right', cell: (line) => line.holdout },
    { key: 'treated', title: t('campaigns.which_treated'), align: 'right', cell: (line) => line.treated },
    { key: 'difference', title: t('campaigns.difference'), align: 'right', phone: 'line', cell: (line) => line.difference },
    { key: 'p', title: t('campaigns.p'), align: 'right', cell: (line) => line.p },
  ]
  const numbers = () => ({
    head: [t('campaigns.what'), t('campaigns.which_holdout'), t('campaigns.which_treated'), t('campaigns.difference'), t('campaigns.low'), t('campaigns.high'), t('campaigns.p')],
    rows: lift
      ? [
          [t('campaigns.drawn'), lift.n_holdout, lift.n_treated, null, null, null, lift.ratio_p],
          ...([['rate', lift.rate], ['spend', lift.spend], ['adjusted', lift.adjusted]] as const).map(([name, effect]) => [name === 'adjusted' ? t('campaigns.adjusted', { share: format.ratio(lift.reduction) }) : t(`campaigns.${name}`), effect?.holdout, effect?.treated, effect?.difference, effect?.low, effect?.high, effect?.p]),
        ]
      : [],
  })
  return (
    <>
      <Means head={answer.head} suggestion={lang === 'zh' ? answer.advice_zh : answer.advice} />
      {lift && (
        <>
          <Card title={title} hint={t('campaigns.comparison_hint', { n: question.window_days })} isStale={isStale} extra={<VerdictMark verdict={lift.verdict} />}>
            <DataTable caption={title} rows={lines} rowKey={(line) => line.key} columns={columns} />
            <Save title={title} numbers={numbers} />
            {lift.n_open > 0 && <p className="zk-muted">{t('campaigns.open_says', { n: format.count(lift.n_open) })}</p>}
            {lift.n_both > 0 && <p className="zk-muted">{t('campaigns.both_says', { n: format.count(lift.n_both) })}</p>}
            {answer.roi && <p className="zk-muted">{t('campaigns.roi_says', { value: format.ratio(answer.roi.value), low: format.ratio(answer.roi.low), high: format.ratio(answer.roi.high) })}</p>}
            <details className="zk-depth">
              <summary>{t('campaigns.depth')}</summary>
              <p className="zk-muted">{t('campaigns.depth_effect')}</p>
            </details>
          </Card>
          {lift.looks.length > 1 && (
            <Card title={t('campaigns.looks')} hint={t('campaigns.looks_hint')} isStale={isStale}>
              <Looks looks={lift.looks} description={lang === 'zh' ? answer.advice_zh : answer.advice} />
            </Card>
          )}
        </>
      )}
    </>
  )
}

type Look = NonNullable<EffectAnswer['lift']>['looks'][number]

function looksOption(palette: Palette, looks: readonly Look[], axis: { name: string; write: (value: number) => string }, tip: (at: number) => string): EChartsCoreOption {
  const line = { type: 'line', showSymbol: false, emphasis: { disabled: true } }
  const band = { ...line, stack: 'range', stackStrategy: 'all', lineStyle: { opacity: 0 }, silent: true }
  return {
    ...baseOption(palette, looks.map((look) => look.day), axis, tip),
    series: [
      { ...band, data: looks.map((look) => look.low) },
      { ...band, data: looks.map((look) => look.high - look.low), areaStyle: { color: palette['series-6'], opacity: 0.3 } },
      { ...line, data: looks.map((look) => look.difference), z: 3, itemStyle: { color: palette['series-1'] }, lineStyle: { color: palette['series-1'], width: 2.2 }, markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: palette['text-2'], type: 'solid', width: 1 }, data: [{ yAxis: 0 }] } },
    ],
  }
}

function Looks({ looks, description }: { looks: readonly Look[]; description: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const between = useBetween()
  const tip = (at: number) => {
    const look = looks[at]
    if (!look) return ''
    return [format.day(look.day), between.points(look), `${t('campaigns.p')}  ${look.p < 0.001 ? t('goods.q_small') : format.ratio(look.p)}`, `${t('campaigns.which_treated')}  ${format.count(look.n_treated)}`, `${t('campaigns.which_holdout')}  ${format.count(look.n_holdout)}`].join('\n')
  }
  const axis = { name: t('campaigns.difference'), write: (value: number) => format.ratio(value) }
  return (
    <Chart
      title={t('campaigns.looks')}
      description={description}
      option={(palette: Palette) => looksOption(palette, looks, axis, tip)}
      n={looks.length}
      read={(at) => tip(at).replaceAll('\n', '，')}
      legend={[{ name: t('campaigns.difference'), colour: 'series-1' }, { name: t('campaigns.at_all_looks'), colour: 'series-6', kind: 'bar' }]}
      numbers={() => ({ head: [t('campaigns.day'), t('campaigns.which_holdout'), t('campaigns.which_treated'), t('campaigns.difference'), t('campaigns.low'), t('campaigns.high'), t('campaigns.p')], rows: looks.map((look) => [look.day, look.n_holdout, look.n_treated, look.difference, look.low, look.high, look.p]) })}
    />
  )
}

function Moved({ answer, isStale, question, onPeople }: TabProps & { answer: UpliftAnswer; isStale: boolean }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const people = usePeople(onPeople)
  const between = useBetween()
  const says = lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning
  const title = t('campaigns.moved')
  const names = answer.tenths.map((_, at) => t('campaigns.tenth_n', { n: at + 1 }))
  const tip = (at: number) => {
    const tenth = answer.tenths[at]
    return tenth ? [names[at], between.points({ difference: tenth.uplift, low: tenth.low, high: tenth.high })].join('\n') : ''
  }
  const bars = [{ name: t('campaigns.uplift'), values: answer.tenths.map((tenth) => tenth.uplift), colour: 'series-1' as const }]
  const target = answer.tenths.filter((tenth) => tenth.is_target).reduce((sum, tenth) => sum + tenth.n, 0)
  const columns: Column<UpliftAnswer['tenths'][number] & { at: number }>[] = [
    { key: 'tenth', title: t('campaigns.which_tenth'), isHead: true, cell: (row) => names[row.at] },
    { key: 'n', title: t('campaigns.people'), align: 'right', cell: (row) => people({ of: 'uplift', which: String(row.at + 1) }, names[row.at] ?? '', row.n, t('campaigns.people')) },
    { key: 'said', title: t('campaigns.said'), align: 'right', cell: (row) => format.points(row.said) },
    { key: 'uplift', title: t('campaigns.uplift'), align: 'right', phone: 'line', cell: (row) => between.points({ difference: row.uplift, low: row.low, high: row.high }) },
    { key: 'target', title: t('campaigns.which_target'), cell: (row) => (row.is_target ? t('campaigns.yes') : '--') },
  ]
  return (
    <Card title={title} hint={t('campaigns.moved_hint')} isStale={isStale}>
      <p className="zk-sentence">
        <strong>{t('overview.means')}</strong>
        <span>{says}</span>
      </p>
      {answer.tenths.length > 0 && (
        <>
          <Chart title={title} description={says} option={(palette: Palette) => barsOption(palette, names, bars, { name: t('campaigns.uplift'), write: (value) => format.ratio(value) }, tip, false)} n={names.length} read={(at) => tip(at).replaceAll('\n', '，')} height={220} />
          <DataTable caption={title} rows={answer.tenths.map((tenth, at) => ({ ...tenth, at }))} rowKey={(row) => row.at} columns={columns} />
          <Save title={title} numbers={() => ({ head: [t('campaigns.which_tenth'), t('campaigns.people'), t('campaigns.said'), t('campaigns.uplift'), t('campaigns.low'), t('campaigns.high')], rows: answer.tenths.map((row, at) => [at + 1, row.n, row.said, row.uplift, row.low, row.high]) })} />
          {target > 0 && <p>{people({ of: 'uplift', which: 'target' }, question.campaign, target, t('campaigns.which_target'))} {t('campaigns.target_says')}</p>}
        </>
      )}
      {(answer.n_refused ?? 0) > 0 && <p className="zk-muted">{t('campaigns.refused_says', { n: format.people(answer.n_refused) })}</p>}
    </Card>
  )
}
