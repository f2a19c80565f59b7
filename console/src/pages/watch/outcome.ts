// What came of a notice, in words.
import type { TFunction } from 'i18next'
import { known } from '../../words'

export function outcomeOf(t: TFunction, outcome: string | null | undefined): string {
  if (!outcome) return t('incidents.hook_none')
  const status = /^status_(\d+)$/.exec(outcome)?.[1]
  return status ? t('incidents.hook_status', { status }) : known(t, 'incidents.hook', outcome)
}
