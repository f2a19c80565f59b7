// 标签与原因: what is said of a customer, and from what it was computed or who put it.
import { CloseOutlined, DownOutlined, RightOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Input, Popconfirm, Select } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { profileTagsQuery, setProfileTag, tagWhyQuery } from '../../api/person'
import { tagsQuery } from '../../api/tags'
import type { ProfileTag } from '../../api/types'
import { May, useMay } from '../../app/session'
import { TAG_LEVELS } from '../../app/search'
import { useFormat } from '../../app/workspace'
import { Card } from '../../ui/Card'
import { Parts } from '../../ui/Parts'
import { ErrorNotice, Notice, Skeleton } from '../../ui/states'
import { sentenceOf } from '../segments/words'
import { levelOf, nameIn, valueIn } from '../tags/words'

export function PersonTags({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const query = useQuery(profileTagsQuery(profileId))
  const tags = query.data?.items ?? []
  return (
    <>
      <May to="profiles.tag">
        <Card title={t('person.put_tag')} hint={t('person.put_tag_hint')}>
          <PutTag profileId={profileId} />
        </Card>
      </May>
      <Card title={t('person.tags')} hint={query.data && t('person.n_tags', { count: tags.length })}>
        {query.isPending && <Skeleton rows={8} height={28} />}
        {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.data && tags.length === 0 && <Notice title={t('person.no_tags')} help={t('person.no_tags_help')} />}
        {TAG_LEVELS.map((level) => {
          const each = tags.filter((tag) => levelOf(tag) === level)
          return (
            each.length > 0 && (
              <section key={level} className="zk-person-tags" aria-label={t(`tags.level_${level}`)}>
                <h3>{t(`tags.level_${level}`)}</h3>
                <ul>
                  {each.map((tag) => (
                    <TagRow key={tag.key} tag={tag} profileId={profileId} />
                  ))}
                </ul>
              </section>
            )
          )
        })}
      </Card>
    </>
  )
}

function useSetTag(profileId: string) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ key, value, until }: { key: string; value: string | null; until: string | null }) => setProfileTag(profileId, key, value, until),
    onSuccess: (tags) => {
      cache.setQueryData(profileTagsQuery(profileId).queryKey, tags)
      return cache.invalidateQueries({ queryKey: ['tags'] })
    },
  })
}

function TagRow({ tag, profileId }: { tag: ProfileTag; profileId: string }) {
  const { t } = useTranslation()
  const format = useFormat()
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  const name = nameIn(tag, format.lang)
  const may = useMay('profiles.tag')
  const remove = useSetTag(profileId)
  const isPut = tag.kind === 'put'
  return (
    <li>
      <div className="zk-person-tag">
        <button type="button" className="zk-person-tag-head" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
          {isOpen ? <DownOutlined aria-hidden="true" /> : <RightOutlined aria-hidden="true" />}
          <span>{name}</span>
          <strong>{valueIn(t, tag, format)}</strong>
        </button>
        <Parts
          className="zk-muted"
          parts={[
            tag.as_of && t('person.as_of', { day: format.day(tag.as_of) }),
            tag.author && t('person.put_by', { author: tag.author === 'owner' ? t('person.owner') : tag.author, day: format.instantDay(tag.set_at) }),
            // It ends as the day after its last begins.
            tag.expires_at && t('person.ends', { day: format.instantDay(new Date(new Date(tag.expires_at).getTime() - 1).toISOString()) }),
          ]}
        />
        {isPut && may && (
          <Popconfirm title={t('person.remove_sure', { name })} okText={t('person.remove')} cancelText={t('segments.cancel')} onConfirm={() => remove.mutate({ key: tag.key, value: null, until: null })}>
            <Button size="small" type="text" icon={<CloseOutlined aria-hidden="true" />} aria-label={t('person.remove_tag', { name })} loading={remove.isPending} />
          </Popconfirm>
        )}
      </div>
      {remove.isError && <ErrorNotice error={remove.error} title={t('tags.save_failed')} />}
      <div id={id} hidden={!isOpen} className="zk-person-tag-why">
        {isOpen && <Why profileId={profileId} tag={tag} />}
      </div>
    </li>
  )
}

function Why({ profileId, tag }: { profileId: string; tag: ProfileTag }) {
  const { t } = useTranslation()
  const format = useFormat()
  const query = useQuery(tagWhyQuery(profileId, tag.key))
  if (query.isPending) return <Skeleton rows={2} height={20} />
  if (query.isError) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  const why = query.data
  return (
    <>
      <p>{sentenceOf(why, format.lang)}</p>
      {why.inputs.length > 0 && (
        <ul className="zk-person-inputs">
          {why.inputs.map((input) => (
            <li key={input.pointer}>
              <span>{sentenceOf(input, format.lang)}</span>
              <strong>{input.value ?? t('person.no_value')}</strong>
              {input.holds !== null && <small>{input.holds ? t('segments.yes') : t('segments.no')}</small>}
            </li>
          ))}
        </ul>
      )}
      <Parts
        className="zk-muted"
        parts={[
          tag.kind === 'computed' && t('person.now', { day: format.day(why.as_of), value: valueIn(t, { ...why, unit: tag.unit }, format) }),
        ]}
      />{' '}
      <Link to="/customers/tags/$key" params={{ key: tag.key }}>
        {t('person.whole_tag')}
      </Link>
    </>
  )
}

function PutTag({ profileId }: { profileId: string }) {
  const { t } = useTranslation()
  const id = useId()
  const known = (useQuery(tagsQuery).data?.items ?? []).filter((tag) => tag.kind === 'put')
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const [until, setUntil] = useState('')
  const put = useSetTag(profileId)
  const choices = known.find((tag) => tag.key === key.trim())?.choices ?? []
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (!key.trim() || !value.trim()) return
    put.mutate(
      { key: key.trim(), value: value.trim(), until: until || null },
      {
        onSuccess: () => {
          setKey('')
          setValue('')
          setUntil('')
        },
      },
    )
  }
  return (
    <form className="zk-put-tag" onSubmit={submit}>
      <div>
        <label htmlFor={`${id}-key`}>{t('person.tag')}</label>
        <Input
          id={`${id}-key`}
          list={`${id}-known`}
          value={key}
          maxLength={100}
          onChange={(event) => {
            setKey(event.target.value)
            setValue('')
          }}
        />
        <datalist id={`${id}-known`}>
          {known.map((tag) => (
            <option key={tag.key} value={tag.key} />
          ))}
        </datalist>
      </div>
      <div>
        <label htmlFor={`${id}-value`}>{t('person.value')}</label>
        {choices.length > 0 ? (
          <Select id={`${id}-value`} className="zk-wide" value={value || null} onChange={(next) => setValue(next ?? '')} options={choices.map((choice) => ({ value: choice, label: choice }))} />
        ) : (
          <Input id={`${id}-value`} value={value} maxLength={100} onChange={(event) => setValue(event.target.value)} />
        )}
      </div>
      <div>
        <label htmlFor={`${id}-until`}>{t('person.until_day')}</label>
        <Input id={`${id}-until`} type="date" value={until} onChange={(event) => setUntil(event.target.value)} />
      </div>
      <Button type="primary" htmlType="submit" loading={put.isPending} disabled={!key.trim() || !value.trim()}>
        {t('person.put')}
      </Button>
      {put.isError && <ErrorNotice error={put.error} title={t('tags.save_failed')} />}
    </form>
  )
}
