// 模型 Models: can what they say be trusted, and by how much are they better than a plain rule?
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Button, Popconfirm } from 'antd'
import { useTranslation } from 'react-i18next'
import { modelsQuery, trainModel, type ModelName, type ModelVersion } from '../../api/models'
import { May } from '../../app/session'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { Status } from './Grade'
import './models.css'

const route = getRouteApi('/data/models')

const three = (value: number | null | undefined) => (value == null ? '--' : value.toFixed(3))

export default function ModelsPage() {
  const { t, i18n } = useTranslation()
  const format = useFormat()
  const { model, version } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(modelsQuery)
  const all = query.data?.items ?? []
  const isZh = i18n.language === 'zh'
  const newest = all.filter((one, at) => all.findIndex((other) => other.model === one.model) === at)
  const chosen = all.find((one) => one.model === (model ?? newest[0]?.model) && (version === undefined || one.version === version))
  const open = (one: ModelVersion) => void navigate({ search: { model: one.model as ModelName, version: newest.includes(one) ? undefined : one.version }, resetScroll: false })
  return (
    <Page title={t('models.title')} question={t('models.question')}>
      {query.isPending && <Card><Skeleton rows={8} height={30} /></Card>}
      {query.isError && <Card><ErrorNotice error={query.error} onRetry={() => void query.refetch()} /></Card>}
      {query.data && all.length === 0 && <Card><Notice title={t('state.not_computed')} help={t('state.not_computed_help')} /></Card>}
      {newest.length > 0 && (
        <Card title={t('models.all')}>
          <DataTable
            caption={t('models.all')}
            rows={newest}
            rowKey={(one) => one.model}
            columns={[
              { key: 'name', title: t('models.model'), isHead: true, cell: (one) => <button type="button" className="zk-link-button" aria-current={one === chosen} onClick={() => open(one)}>{isZh ? one.name_zh : one.name_en}</button> },
              { key: 'status', title: t('models.status'), cell: (one) => <Status status={one.status} /> },
              { key: 'meaning', title: t('models.meaning'), cell: (one) => (isZh ? one.meaning_zh : one.meaning_en) },
              { key: 'as_of', title: t('models.knows'), cell: (one) => <span className="zk-model-day">{format.day(one.card.as_of)}</span> },
            ]}
          />
        </Card>
      )}
      {chosen && <ModelCard key={`${chosen.model}-${chosen.version}`} version={chosen} versions={all.filter((one) => one.model === chosen.model)} onOpen={open} />}
    </Page>
  )
}

type Props = { version: ModelVersion; versions: ModelVersion[]; onOpen: (version: ModelVersion) => void }

function ModelCard({ version, versions, onOpen }: Props) {
  const { t, i18n } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const isZh = i18n.language === 'zh'
  const { card } = version
  const train = useMutation({ mutationFn: trainModel, onSuccess: () => cache.invalidateQueries({ queryKey: ['models'] }) })
  const name = isZh ? version.name_zh : version.name_en
  const facts = [
    [t('models.knows'), format.day(card.as_of)],
    [t('models.trained_at'), format.instant(version.trained_at)],
    [t('models.learner'), t(`models.learner_${card.learner}` as 'models.learner_trees', { defaultValue: card.learner || '--' })],
    [t('models.rows'), t('models.rows_of', { n: format.count(card.n_rows), positive: format.count(card.n_positive) })],
    ...(card.horizon_days == null ? [] : [[t('models.horizon'), t(card.by_rhythm ? 'models.horizon_rhythm' : 'models.horizon_days', { n: card.horizon_days })]]),
    ...(card.learns_from.length > 0 ? [[t('models.learns_from'), card.learns_from.map((day) => format.day(day)).join(isZh ? '、' : ', ')]] : []),
    [t('models.drift'), card.drift.toFixed(3)],
    [t('models.data_hash'), card.data_hash || '--'],
  ]
  return (
    <>
      <Card
        title={t('models.card_of', { name, version: version.version })}
        extra={
          <May to="data.refresh">
            <Popconfirm title={t('models.train_sure')} okText={t('models.train')} onConfirm={() => train.mutate(version.model as ModelName)}>
              <Button loading={train.isPending}>{t('models.train')}</Button>
            </Popconfirm>
          </May>
        }
      >
        {train.isError && <ErrorNotice error={train.error} />}
        <p className="zk-sentence">
          <Status status={version.status} />
          <span>{isZh ? version.meaning_zh : version.meaning_en}</span>
        </p>
        <dl className="zk-model-facts">
          {facts.map(([term, fact]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{fact}</dd>
            </div>
          ))}
        </dl>
      </Card>
      {card.periods.length > 0 && (
        <Card title={t('models.periods')} hint={t('models.periods_hint')}>
          <DataTable
            caption={t('models.periods')}
            rows={card.periods}
            rowKey={(period) => period.cutoff}
            columns={[
              { key: 'cutoff', title: t('models.cutoff'), isHead: true, cell: (period) => format.day(period.cutoff) },
              { key: 'n', title: t('overview.people'), align: 'right', cell: (period) => format.count(period.n) },
              { key: 'share', title: t('models.happened'), align: 'right', cell: (period) => format.ratioColumn(period.n_positive / Math.max(period.n, 1)) },
              { key: 'said', title: t('models.said'), align: 'right', cell: (period) => format.ratioColumn(period.mean_probability) },
              { key: 'auc', title: <span title={t('models.auc_help')}>AUC</span>, align: 'right', cell: (period) => `${three(period.auc.value)} (${three(period.auc.low)}–${three(period.auc.high)})` },
              { key: 'plain', title: t('models.plain'), align: 'right', cell: (period) => three(period.baseline_auc.value) },
              { key: 'loss', title: t('models.log_loss'), align: 'right', cell: (period) => three(period.log_loss) },
              { key: 'plain_loss', title: t('models.plain_loss'), align: 'right', cell: (period) => three(period.baseline_log_loss) },
              { key: 'error', title: t('models.calibration_error'), align: 'right', cell: (period) => three(period.calibration_error) },
            ]}
          />
        </Card>
      )}
      <div className="zk-columns-2">
        {card.calibration.length > 0 && (
          <Card title={t('models.calibration')} hint={t(version.model === 'clv' ? 'models.calibration_orders_hint' : 'models.calibration_hint')}>
            <DataTable
              caption={t('models.calibration')}
              rows={card.calibration}
              rowKey={(bin) => bin.said}
              columns={[
                { key: 'said', title: t('models.said'), isHead: true, cell: (bin) => (version.model === 'clv' ? bin.said.toFixed(2) : format.ratio(bin.said)) },
                { key: 'actual', title: t('models.actual'), align: 'right', cell: (bin) => (version.model === 'clv' ? bin.actual.toFixed(2) : format.ratio(bin.actual)) },
                { key: 'n', title: t('overview.people'), align: 'right', cell: (bin) => format.count(bin.n) },
              ]}
            />
          </Card>
        )}
        {card.weights.length > 0 && (
          <Card title={t('models.weights')} hint={t('models.weights_hint')}>
            <ul className="zk-bars">
              {card.weights.map((weight) => (
                <li key={weight.key}>
                  <span className="zk-bars-name">{isZh ? weight.zh : weight.en}</span>
                  <span className="zk-bars-track" aria-hidden="true">
                    <span style={{ width: `${(weight.share / Math.max(1e-9, card.weights[0]?.share ?? 0)) * 100}%` }} />
                  </span>
                  <span className="zk-figures">{format.ratio(weight.share)}</span>
                </li>
              ))}
            </ul>
          </Card>
        )}
        {card.parameters.length > 0 && (
          <Card title={t('models.parameters')}>
            <DataTable
              caption={t('models.parameters')}
              rows={card.parameters}
              rowKey={(one) => one.name}
              columns={[
                { key: 'name', title: t('models.parameter'), isHead: true, cell: (one) => one.name },
                { key: 'value', title: t('models.estimate'), align: 'right', cell: (one) => format.quantity(one.value.toFixed(3)) },
                { key: 'interval', title: t('models.interval'), align: 'right', cell: (one) => (one.low == null || one.high == null ? '--' : `${three(one.low)}–${three(one.high)}`) },
              ]}
            />
          </Card>
        )}
        {card.tried.length > 0 && (
          <Card title={t('models.tried')} hint={t('models.tried_hint')}>
            <DataTable
              caption={t('models.tried')}
              rows={card.tried}
              rowKey={(one) => one.name}
              columns={[
                { key: 'name', title: t('models.candidate'), isHead: true, cell: (one) => (version.model === 'clusters' ? t('models.n_groups', { n: one.name }) : one.name) },
                { key: 'loss', title: t('models.loss'), align: 'right', cell: (one) => three(one.loss) },
                { key: 'chosen', title: t('models.chosen'), cell: (one) => (one.is_chosen ? t('models.yes') : '') },
              ]}
            />
          </Card>
        )}
        {versions.length > 1 && (
          <Card title={t('models.versions')}>
            <DataTable
              caption={t('models.versions')}
              rows={versions}
              rowKey={(one) => one.version}
              maxHeight={320}
              columns={[
                { key: 'version', title: t('models.version'), isHead: true, cell: (one) => <button type="button" className="zk-link-button" onClick={() => onOpen(one)}>{one.version}</button> },
                { key: 'status', title: t('models.status'), cell: (one) => <Status status={one.status} /> },
                { key: 'trained', title: t('models.trained_at'), cell: (one) => format.instant(one.trained_at) },
              ]}
            />
          </Card>
        )}
      </div>
    </>
  )
}
