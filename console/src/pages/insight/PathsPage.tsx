// 路径: where do people go from an event, or where do they come from?
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { analysisQuery, type PartJson } from '../../api/analysis'
import type { PathsAnswer } from '../../api/types'
import { ContextBar } from '../../app/ContextBar'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { ChartOrTable, ViewSwitch, type Palette } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { useBeside } from '../../ui/beside'
import { FigureButton } from './FigureButton'
import { Means } from './Answer'
import { drawnSteps, pathsOption, type PathFlow } from './flowChart'
import { sent, type PathsJson } from './question'
import { nodeName } from './words'

const route = getRouteApi('/insight/paths')
const People = lazy(() => import('./People'))
const PathsQuestion = lazy(() => import('./PathsQuestion'))

const partNode = (node: PathFlow['from']): unknown => (node.kind === 'event' ? { event: node.event } : node.kind)

export default function PathsPage() {
  const { t } = useTranslation()
  const { spec, part } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({ ...analysisQuery('paths', sent(spec)), enabled: spec.anchor !== '' })
  const set = (next: PartJson | undefined) => void navigate({ search: (old) => ({ ...old, part: next }), resetScroll: false })
  const { opened, close } = useBeside(() => set(undefined))
  return (
    <Page title={t('insight.paths')} question={t('insight.paths_question')}>
      <ContextBar />
      <Suspense fallback={<Card><Skeleton rows={2} height={32} /></Card>}>
        <PathsQuestion key={JSON.stringify(spec)} asked={spec} answer={query.data} onAsk={(next) => void navigate({ search: (old) => ({ ...old, spec: next, part: undefined }), resetScroll: false })} />
      </Suspense>
      {spec.anchor === '' && <Card><Notice title={t('insight.paths_begin')} help={t('insight.paths_begin_help')} /></Card>}
      {query.isLoading && <Card><Skeleton rows={1} height={360} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.data && !query.isError && spec.anchor !== '' && (
        <Flows
          answer={query.data}
          asked={spec}
          isStale={query.isPlaceholderData}
          onPeople={(flow) => {
            opened()
            set({ at: flow.at, from: partNode(flow.from), to: partNode(flow.to) })
          }}
        />
      )}
      {part && query.data && (
        <Suspense>
          <People kind="paths" spec={query.data.head.spec} part={part} title={t('insight.people_flow')} onClose={close} />
        </Suspense>
      )}
    </Page>
  )
}

type FlowsProps = { answer: PathsAnswer; asked: PathsJson; isStale: boolean; onPeople: (flow: PathFlow) => void }

function Flows({ answer, asked, isStale, onPeople }: FlowsProps) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const { view } = route.useSearch()
  const navigate = route.useNavigate()
  const isBefore = asked.direction === 'before'
  const drawn = useMemo(() => {
    const flows = drawnSteps(answer.flows)
    const name = (node: PathFlow['from']) => nodeName(t, node, isBefore)
    const tip = (at: number) => {
      const flow = flows[at]
      if (!flow) return ''
      const [from, to] = isBefore ? [flow.to, flow.from] : [flow.from, flow.to]
      return `${name(from)} → ${name(to)}\n${t('insight.count_session')}  ${format.people(flow.n)}（${format.ratio((flow.n ?? 0) / Math.max(answer.n_sessions ?? 1, 1))}）`
    }
    const words = { name, write: (n: number) => format.count(n), tip }
    return { flows, name, tip, option: (palette: Palette) => pathsOption(palette, flows, isBefore, words) }
  }, [answer, isBefore, format, t])
  return (
    <>
      <Means head={answer.head} />
      <Card title={t('insight.paths')} hint={t('insight.paths_hint')} isStale={isStale} extra={<ViewSwitch view={view} onChange={(next) => void navigate({ search: (old) => ({ ...old, view: next }), resetScroll: false })} />}>
        {answer.flows.length === 0 ? (
          <Notice title={t('insight.empty')} />
        ) : (
          <ChartOrTable
            view={view}
            title={t('insight.paths')}
            description={lang === 'zh' ? answer.head.meaning_zh : answer.head.meaning}
            option={drawn.option}
            n={drawn.flows.length}
            pointAt="edge"
            read={(index) => drawn.tip(index).replaceAll('\n', '，')}
            height={420}
            numbers={() => ({ head: [t('insight.step_name'), t('insight.from'), t('insight.to'), t('insight.count_session')], rows: answer.flows.map((flow) => [flow.at + 1, drawn.name(flow.from), drawn.name(flow.to), flow.n]) })}
            onOpen={(index) => {
              const flow = drawn.flows[index]
              if (flow) onPeople(flow)
            }}
            table={
              <DataTable
                caption={t('insight.paths')}
                rows={answer.flows}
                rowKey={(flow) => JSON.stringify([flow.at, flow.from, flow.to])}
                keepsColumns
                maxHeight={480}
                columns={[
                  { key: 'at', title: t('insight.step_name'), cell: (flow) => flow.at + 1 },
                  { key: 'from', title: t('insight.from'), isHead: true, cell: (flow) => drawn.name(flow.from) },
                  { key: 'to', title: t('insight.to'), cell: (flow) => drawn.name(flow.to) },
                  {
                    key: 'n',
                    title: t('insight.count_session'),
                    align: 'right',
                    cell: (flow) =>
                      flow.n ? (
                        <FigureButton label={`${drawn.name(flow.from)} → ${drawn.name(flow.to)}`} figure={format.count(flow.n)} onOpen={() => onPeople(flow)} />
                      ) : (
                        format.people(flow.n)
                      ),
                  },
                ]}
              />
            }
          />
        )}
      </Card>
    </>
  )
}
