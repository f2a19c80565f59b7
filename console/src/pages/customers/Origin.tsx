// 来历: who states a field of the person, whose word stands, and who says otherwise.
import { useQuery } from '@tanstack/react-query'
import { Popover } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { lineageQuery } from '../../api/identity'
import type { FieldOrigin } from '../../api/types'
import { useFormat } from '../../app/workspace'
import { ErrorNotice, Skeleton } from '../../ui/states'
import { fieldWord } from '../identity/fieldWord'

type Props = { profileId: string; fields: readonly string[]; title: string }

/** Of one line of the page, which can be several fields. */
export function Origin({ profileId, fields, title }: Props) {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  return (
    <Popover trigger="click" open={isOpen} onOpenChange={setOpen} title={t('golden.origin_of', { field: title })} content={isOpen && <Sheet profileId={profileId} fields={fields} />}>
      <button type="button" className="zk-link-button" aria-expanded={isOpen} aria-label={t('golden.origin_of', { field: title })}>
        {t('golden.origin')}
      </button>
    </Popover>
  )
}

function Sheet({ profileId, fields }: { profileId: string; fields: readonly string[] }) {
  const { t } = useTranslation()
  const query = useQuery(lineageQuery(profileId))
  if (query.isPending) return <Skeleton rows={3} height={20} />
  if (query.isError) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  const found = query.data.fields.filter((one) => fields.includes(one.field))
  if (found.length === 0) return <p className="zk-muted">{t('golden.origin_none')}</p>
  return (
    <div className="zk-origin">
      {found.map((one) => (
        <OfField key={one.field} origin={one} isNamed={found.length > 1} />
      ))}
    </div>
  )
}

function OfField({ origin, isNamed }: { origin: FieldOrigin; isNamed: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  const rules = ['verified', 'newest', 'most_trusted', 'most_frequent'] as const
  const standings = ['proven', 'loaded', 'unproven'] as const
  const rule = rules.find((each) => each === origin.rule)
  return (
    <section>
      {isNamed && <h4>{fieldWord(t, origin.field)}</h4>}
      {origin.corrected_at && <p>{t('golden.corrected', { at: format.instant(origin.corrected_at) })}</p>}
      <p className="zk-muted">
        {t('golden.by', { rule: rule ? t(`golden.rule_${rule}`) : origin.rule })} · {origin.n_otherwise === 0 ? t('golden.agree') : t('golden.otherwise', { n: origin.n_otherwise })}
      </p>
      <ol>
        {origin.statements.map((one, at) => {
          const standing = standings.find((each) => each === one.standing)
          return (
            <li key={at}>
              <strong>{at === 0 ? t('golden.chosen') : t('golden.other')}</strong> {one.value ?? t('golden.empty')}
              <br />
              <span className="zk-muted">
                {one.source || t('golden.unknown_source')} · {format.instant(one.at)} · {standing ? t(`golden.standing_${standing}`) : one.standing}
              </span>
            </li>
          )
        })}
      </ol>
    </section>
  )
}
