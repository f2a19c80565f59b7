// 血缘关系: what a tag is computed from on the left, what asks for it on the right. Lists, so that they are read in order.
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import type { Tag } from '../../api/types'
import { useSettings } from '../../app/settings'
import { Card } from '../../ui/Card'
import { word } from '../../words'
import { fieldWord } from '../segments/words'
import { nameIn } from './words'

export function Lineage({ tag }: { tag: Tag }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  return (
    <Card title={t('tags.lineage')} hint={t('tags.lineage_hint')}>
      <div className="zk-lineage">
        <section aria-label={t('tags.inputs')}>
          <h3>{t('tags.inputs')}</h3>
          {tag.depends_on.length === 0 && <p className="zk-muted">{tag.kind === 'put' ? t('tags.inputs_put') : t('tags.inputs_none')}</p>}
          <ul>
            {tag.depends_on.map((input) => (
              <li key={input} className="zk-lineage-node">
                <Input name={input} />
              </li>
            ))}
          </ul>
        </section>
        <span className="zk-lineage-arrow" aria-hidden="true">
          →
        </span>
        <section aria-label={t('tags.this')}>
          <h3>{t('tags.this')}</h3>
          <p className="zk-lineage-node zk-lineage-own">{nameIn(tag, lang)}</p>
        </section>
        <span className="zk-lineage-arrow" aria-hidden="true">
          →
        </span>
        <section aria-label={t('tags.used_by')}>
          <h3>{t('tags.used_by')}</h3>
          {tag.used_by.length === 0 && <p className="zk-muted">{t('tags.used_by_none')}</p>}
          <ul>
            {tag.used_by.map((segment) => (
              <li key={segment.segment_id} className="zk-lineage-node">
                <Link to="/customers/segments/$segmentId" params={{ segmentId: segment.segment_id }}>
                  {segment.name}
                </Link>
                <small>{t('nav.segments')}</small>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </Card>
  )
}

/** A table, a trait (`profiles.city`) or a score (`rfm.tier`). */
function Input({ name }: { name: string }) {
  const { t } = useTranslation()
  const trait = name.startsWith('profiles.') ? name.slice('profiles.'.length) : undefined
  if (trait !== undefined) {
    return (
      <>
        {fieldWord(t, 'trait', trait)}
        <small>{t('tags.input_trait')}</small>
      </>
    )
  }
  if (name.includes('.')) {
    return (
      <>
        {fieldWord(t, 'score', name)}
        <small>{t('tags.input_score')}</small>
      </>
    )
  }
  return (
    <>
      {word(t, 'entity', name)}
      <small>{t('tags.input_table')}</small>
    </>
  )
}
