// 标签: what is known of customers as names with values, how far each reaches and how fresh it is.
import { PackName, refreshWord } from './parts'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Checkbox, Input, Select } from 'antd'
import { useTranslation } from 'react-i18next'
import { choosePacks, packsQuery, tagsQuery } from '../../api/tags'
import type { Tag } from '../../api/types'
import { TAG_LEVELS, TAG_SORTS, type TagsSearch } from '../../app/search'
import { May, useMay } from '../../app/session'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { useColumns, type ChoosableColumn } from '../../ui/columns'
import { DataTable } from '../../ui/DataTable'
import { Page } from '../../ui/Page'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { sentenceOf } from '../segments/words'
import { levelOf, nameIn, type Level } from './words'
import '../segments/segments.css'
import './tags.css'

const route = getRouteApi('/customers/tags')

export default function TagsPage() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const { q = '', level, pack, sort } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(tagsQuery)
  const columns = useTagColumns()
  const set = (next: Partial<TagsSearch>, replace = false) => void navigate({ search: (old) => ({ ...old, ...next }), replace, resetScroll: false })
  const all = query.data?.items ?? []
  const sought = q.trim().toLowerCase()
  const packs = [...new Set(all.flatMap((tag) => tag.pack ?? []))]
  const shown = sorted(
    all
      .filter((tag) => level === undefined || levelOf(tag) === level)
      .filter((tag) => pack === undefined || (pack === 'own' ? tag.pack === null : tag.pack === pack))
      .filter((tag) => `${tag.key} ${tag.name} ${tag.name_zh} ${sentenceOf(tag, lang)}`.toLowerCase().includes(sought)),
    sort,
    lang,
  )
  // Grouped by level as long as it is the order asked for.
  const groups = sort === 'level' ? TAG_LEVELS.map((each) => [each, shown.filter((tag) => levelOf(tag) === each)] as const) : ([[undefined, shown]] as const)
  return (
    <Page
      title={t('tags.title')}
      question={t('tags.question')}
      actions={
        <May to="tags.write">
          <Link className="zk-button" to="/customers/tags/new" search={{ kind: 'manual' }}>
            {t('tags.new_manual')}
          </Link>
          <Link className="zk-button zk-button-primary" to="/customers/tags/new">
            {t('tags.new')}
          </Link>
        </May>
      }
    >
      <Packs />
      <Card
        title={t('tags.all')}
        hint={query.data && String(shown.length)}
        extra={
          <>
            <Input.Search
              className="zk-tag-find"
              aria-label={t('tags.find')}
              placeholder={t('tags.find')}
              allowClear
              value={q}
              onChange={(event) => set({ q: event.target.value || undefined }, true)}
            />
            <Select<Level | 'all'>
              aria-label={t('tags.level')}
              popupMatchSelectWidth={false}
              value={level ?? 'all'}
              onChange={(next) => set({ level: next === 'all' ? undefined : next })}
              options={[{ value: 'all', label: `${t('tags.level')}: ${t('table.all')}` }, ...TAG_LEVELS.map((value) => ({ value, label: t(`tags.level_${value}`) }))]}
            />
            <Select
              aria-label={t('tags.pack')}
              popupMatchSelectWidth={false}
              value={pack ?? 'all'}
              onChange={(next) => set({ pack: next === 'all' ? undefined : next })}
              options={[{ value: 'all', label: `${t('tags.pack')}: ${t('table.all')}` }, ...packs.map((value) => ({ value, label: <PackName pack={value} /> })), { value: 'own', label: t('tags.own') }]}
            />
            <Select
              aria-label={t('tags.sort')}
              popupMatchSelectWidth={false}
              value={sort}
              onChange={(next) => set({ sort: next })}
              options={TAG_SORTS.map((value) => ({ value, label: t(`tags.sort_${value}`) }))}
            />
            {columns.chooser}
          </>
        }
      >
        {query.isPending && <Skeleton rows={10} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && all.every((tag) => tag.spread === null) && <p className="zk-hint-bar">{t('tags.not_computed')}</p>}
        {groups.map(([each, tags]) => tags.length > 0 && <TagTable key={each ?? 'all'} tags={tags} title={each && t(`tags.level_${each}`)} columns={columns.shown} />)}
        {query.data && shown.length === 0 && <Notice title={t('tags.none_match')} help={t('tags.none_match_help')} />}
      </Card>
    </Page>
  )
}

function sorted(tags: Tag[], sort: TagsSearch['sort'], lang: 'zh' | 'en'): Tag[] {
  const collator = new Intl.Collator(lang === 'zh' ? 'zh-CN' : 'en')
  const byName = (a: Tag, b: Tag) => collator.compare(nameIn(a, lang), nameIn(b, lang))
  const number = (of: (tag: Tag) => number) => (a: Tag, b: Tag) => of(b) - of(a) || byName(a, b)
  switch (sort) {
    case 'coverage':
    case 'people':
      return tags.toSorted(number((tag) => tag.spread?.n_customers ?? -1))
    case 'as_of':
      return tags.toSorted((a, b) => (b.spread?.computed_at ?? '').localeCompare(a.spread?.computed_at ?? '') || byName(a, b))
    default:
      return tags.toSorted(byName)
  }
}

/** The columns that are shown, one choice for all groups, and the control that chooses them. */
function useTagColumns() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const columns: ChoosableColumn<Tag>[] = [
    {
      key: 'name',
      title: t('tags.name'),
      isHead: true,
      isFixed: true,
      cell: (tag) => (
        <Link to="/customers/tags/$key" params={{ key: tag.key }} className="zk-person">
          {nameIn(tag, lang)}
          {tag.key !== nameIn(tag, lang) && <small>{tag.key}</small>}
        </Link>
      ),
    },
    { key: 'computes', phone: 'plain-line', title: t('tags.computes'), cell: (tag) => <span className="zk-tag-sentence" title={sentenceOf(tag, lang)}>{sentenceOf(tag, lang)}</span> },
    { key: 'coverage', title: t('tags.coverage'), cell: (tag) => <Coverage tag={tag} /> },
    { key: 'people', title: t('tags.people'), align: 'right', cell: (tag) => (tag.spread?.is_suppressed ? format.people(null) : format.count(tag.spread?.n_customers)) },
    { key: 'as_of', title: t('tags.as_of'), align: 'right', cell: (tag) => (tag.spread ? format.day(tag.spread.as_of) : t('tags.never')) },
    { key: 'refresh', phone: 'plain', title: t('tags.refresh'), cell: (tag) => refreshWord(t, tag) },
    { key: 'pack', phone: 'plain', title: t('tags.pack'), cell: (tag) => (tag.pack ? <PackName pack={tag.pack} /> : t('tags.own')) },
    { key: 'used', title: t('tags.used_by'), align: 'right', cell: (tag) => (tag.used_by.length > 0 ? t('tags.n_segments', { count: tag.used_by.length }) : '--') },
    { key: 'computed_at', title: t('tags.computed_at'), align: 'right', isExtra: true, cell: (tag) => (tag.spread ? format.relative(tag.spread.computed_at) : '--') },
  ]
  return useColumns('tags', columns)
}

function TagTable({ tags, title, columns }: { tags: readonly Tag[]; title: string | undefined; columns: readonly ChoosableColumn<Tag>[] }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  return (
    <section className="zk-tag-group" aria-label={title ?? t('tags.all')}>
      {title && (
        <h3 className="zk-tag-level">
          {title} <small>{tags.length}</small>
        </h3>
      )}
      <DataTable
        caption={title ?? t('tags.all')}
        rows={tags}
        rowKey={(tag) => tag.key}
        columns={columns}
        hasRowKeys
        onPeek={(tag) => void navigate({ to: '/customers/tags/$key', params: { key: tag.key } })}
      />
    </section>
  )
}

/** How many have a value, of all. */
function Coverage({ tag: { spread } }: { tag: Tag }) {
  const format = useFormat()
  if (!spread) return <>--</>
  return (
    <span className="zk-bar-row zk-tag-coverage">
      <span className="zk-bar-track" aria-hidden="true">
        <span className="zk-bar" style={{ width: `${(spread.coverage_ratio ?? 0) * 100}%` }} />
      </span>
      <span className="zk-bar-value">{format.ratioColumn(spread.coverage_ratio)}</span>
    </span>
  )
}

/** Which of the definitions that come with the product are in force. */
function Packs() {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const cache = useQueryClient()
  const may = useMay('tags.write')
  const query = useQuery(packsQuery)
  const choose = useMutation({
    mutationFn: choosePacks,
    onSuccess: async (packs) => {
      cache.setQueryData(packsQuery.queryKey, packs)
      await cache.invalidateQueries({ queryKey: ['tags'] })
    },
  })
  const packs = query.data?.items
  if (!packs) return null
  const chosen = packs.filter((pack) => pack.is_chosen).map((pack) => pack.key)
  return (
    <Card title={t('tags.packs')} hint={t('tags.packs_hint')}>
      <div className="zk-tag-packs" role="group" aria-label={t('tags.packs')}>
        {packs.map((pack) => (
          <Checkbox
            key={pack.key}
            checked={pack.is_chosen}
            disabled={choose.isPending || !may}
            onChange={(event) => choose.mutate(event.target.checked ? [...chosen, pack.key] : chosen.filter((key) => key !== pack.key))}
          >
            {t('tags.pack_of', { name: nameIn(pack, lang), n: pack.n_tags })}
          </Checkbox>
        ))}
      </div>
      <div role="status">{choose.isSuccess && <p className="zk-muted">{t('tags.packs_changed')}</p>}</div>
      {choose.isError && <ErrorNotice error={choose.error} title={t('tags.save_failed')} />}
    </Card>
  )
}
