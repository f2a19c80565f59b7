// Names that several pages of tags show.
import { useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { packsQuery } from '../../api/tags'
import type { Tag } from '../../api/types'
import { useSettings } from '../../app/settings'
import { nameIn } from './words'

export function refreshWord(t: TFunction, { refresh }: Pick<Tag, 'refresh'>): string {
  return refresh === 'daily' ? t('tags.refresh_daily') : refresh === 'manual' ? t('tags.refresh_manual') : t('tags.refresh_put')
}

export function PackName({ pack }: { pack: string }) {
  const { lang } = useSettings()
  const found = useQuery(packsQuery).data?.items.find((each) => each.key === pack)
  return <>{found ? nameIn(found, lang) : pack}</>
}
