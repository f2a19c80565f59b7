// One tag: what it computes, how far it reaches, how its values are spread and who has them, what depends on what.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Button, Popconfirm } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshTag, retireTag, tagQuery } from '../../api/tags'
import type { Tag } from '../../api/types'
import { May } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Save, ViewSwitch } from '../../charts/Chart'
import { Card } from '../../ui/Card'
import { Page } from '../../ui/Page'
import { Parts } from '../../ui/Parts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { useBeside } from '../../ui/beside'
import { sentenceOf } from '../segments/words'
import { Distribution } from './Distribution'
import { Lineage } from './Lineage'
import { PackName, refreshWord } from './parts'
import { labelIn, levelOf, nameIn, rangeIn, ruleOfBin, ruleOfValue } from './words'
import '../segments/segments.css'
import './tags.css'

const RulePeople = lazy(() => import('../customers/RulePeople').then((part) => ({ default: part.RulePeople })))

const route = getRouteApi('/customers/tags/$key')

export default function TagPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const { key } = route.useParams()
  const query = useQuery(tagQuery(key))
  const back = (
    <Link to="/customers/tags" className="zk-back">
      {t('tags.back')}
    </Link>
  )
  const tag = query.data
  if (!tag) {
    return (
      <Page title={t('tags.title')} above={back}>
        <Card>
          {query.isPending && <Skeleton rows={8} height={24} />}
          {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        </Card>
      </Page>
    )
  }
  return (
    <Page title={nameIn(tag, lang)} question={tag.key === nameIn(tag, lang) ? undefined : tag.key} above={back} actions={<May to="tags.write"><Actions tag={tag} /></May>}>
      <Definition tag={tag} />
      <Values tag={tag} />
      <Lineage tag={tag} />
    </Page>
  )
}

function Actions({ tag }: { tag: Tag }) {
  const { t } = useTranslation()
  const format = useFormat()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const isPut = tag.kind === 'put'
  const retire = useMutation({
    mutationFn: () => retireTag(tag.key),
    onSuccess: async () => {
      await navigate({ to: '/customers/tags' })
      await cache.invalidateQueries({ queryKey: ['tags'] })
    },
  })
  const impact = [
    tag.used_by.length > 0 ? t('tags.retire_segments', { count: tag.used_by.length, names: tag.used_by.map((user) => user.name).join('、') }) : t('tags.retire_unused'),
    t(isPut ? 'tags.retire_put' : 'tags.retire_computed', { n: format.count(tag.spread?.n_customers ?? 0) }),
  ]
  return (
    <>
      {retire.isError && <ErrorNotice error={retire.error} title={t('tags.save_failed')} />}
      <Popconfirm
        title={t('tags.retire_sure')}
        description={
          <ul className="zk-tag-impact">
            {impact.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        }
        okText={t('tags.retire')}
        cancelText={t('segments.cancel')}
        onConfirm={() => retire.mutate()}
      >
        <Button loading={retire.isPending}>{t('tags.retire')}</Button>
      </Popconfirm>
      <Link className="zk-button zk-button-primary" to="/customers/tags/$key/edit" params={{ key: tag.key }}>
        {t('segments.edit')}
      </Link>
    </>
  )
}

function Definition({ tag }: { tag: Tag }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const cache = useQueryClient()
  const [hasJson, setJson] = useState(false)
  const refresh = useMutation({
    mutationFn: () => refreshTag(tag.key),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['tags'] }),
  })
  const { spread } = tag
  return (
    <Card
      title={t('tags.computes')}
      extra={
        <>
          {tag.definition && (
            <Button aria-expanded={hasJson} onClick={() => setJson(!hasJson)}>
              {t('segments.json')}
            </Button>
          )}
          <May to="data.refresh">
            <Button loading={refresh.isPending} onClick={() => refresh.mutate()}>
              {t('tags.refresh_now')}
            </Button>
          </May>
        </>
      }
    >
      <p className="zk-segment-sentence">{sentenceOf(tag, lang)}</p>
      {tag.choices.length > 0 && <p className="zk-muted">{t('tags.choices_are', { values: tag.choices.join(lang === 'zh' ? '、' : ', ') })}</p>}
      {hasJson && <pre className="zk-command-line">{JSON.stringify(tag.definition, null, 2)}</pre>}
      <dl className="zk-figure-row">
        <div>
          <dt>{t('tags.coverage')}</dt>
          <dd>{format.ratio(spread?.coverage_ratio)}</dd>
          {spread && <dd className="zk-figure-note">{t('tags.of_all', { n: format.people(spread.n_customers), total: format.people(spread.n_total) })}</dd>}
        </div>
        <div>
          <dt>{t('tags.as_of')}</dt>
          <dd>{spread ? format.day(spread.as_of) : t('tags.never')}</dd>
          {spread && <dd className="zk-figure-note">{t('tags.computed', { when: format.relative(spread.computed_at) })}</dd>}
        </div>
        <div>
          <dt>{t('tags.level')}</dt>
          <dd className="zk-tag-word">{t(`tags.level_${levelOf(tag)}`)}</dd>
        </div>
        <div>
          <dt>{t('tags.refresh')}</dt>
          <dd className="zk-tag-word">{refreshWord(t, tag)}</dd>
        </div>
        <div>
          <dt>{t('tags.pack')}</dt>
          <dd className="zk-tag-word">{tag.pack ? <PackName pack={tag.pack} /> : t('tags.own')}</dd>
        </div>
      </dl>
      <Parts className="zk-muted" parts={[tag.version > 0 && t('segments.version', { n: tag.version }), tag.key]} />
      <div role="status">{refresh.data && <p className="zk-muted">{refresh.data.is_computed ? t('tags.refresh_done', { day: format.day(refresh.data.as_of) }) : t('tags.refresh_same')}</p>}</div>
      {refresh.isError && <ErrorNotice error={refresh.error} onRetry={() => refresh.mutate()} />}
    </Card>
  )
}

function Values({ tag }: { tag: Tag }) {
  const { t } = useTranslation()
  const format = useFormat()
  const { view, value, bin } = route.useSearch()
  const navigate = route.useNavigate()
  const { opened, close } = useBeside(() => void navigate({ search: ({ view: kept }) => ({ view: kept }), replace: true, resetScroll: false }))
  const open = (next: { value?: string; bin?: number }) => {
    opened()
    void navigate({ search: (old) => ({ ...old, ...next }), resetScroll: false })
  }
  const { spread } = tag
  const counted = spread?.values.find((each) => each.value === value)
  const range = bin === undefined ? undefined : spread?.bins[bin]
  const name = nameIn(tag, format.lang)
  return (
    <Card
      title={t('tags.spread')}
      hint={t('tags.spread_hint')}
      extra={spread && spread.n_customers !== 0 && <ViewSwitch view={view} onChange={(next) => void navigate({ search: (old) => ({ ...old, view: next }), replace: true, resetScroll: false })} />}
    >
      {!spread && <Notice title={t('tags.never')} help={t('tags.never_help')} />}
      {spread?.n_customers === 0 && <Notice title={t('tags.nobody')} help={t('tags.nobody_help')} />}
      {spread && spread.n_customers !== 0 && (
        <Distribution
          spread={spread}
          unit={tag.unit}
          view={view}
          onValue={(next) => open({ value: next })}
          onBin={(next) => open({ bin: next })}
          save={(rows) => <Save title={name} numbers={() => ({ head: [name, t('tags.people')], rows: rows.map((row) => [row.name, row.n]) })} />}
        />
      )}
      <Suspense>
        {value !== undefined && (
          <RulePeople title={`${name} = ${counted ? labelIn(counted, format.lang) : value}`} rule={ruleOfValue(tag, value)} onClose={close} />
        )}
        {range && <RulePeople title={`${name} ${rangeIn(t, range, tag.unit, format)}`} rule={ruleOfBin(tag.key, range)} onClose={close} />}
      </Suspense>
    </Card>
  )
}
