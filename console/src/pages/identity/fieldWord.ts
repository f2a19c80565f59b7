// A field of a profile in words; attributes by their names.
import type { TFunction } from 'i18next'

const FIELDS = ['name', 'address', 'birthday', 'kind', 'gender', 'country', 'province', 'city', 'member_level', 'registered_on', 'acquisition_channel', 'birth_year'] as const

export function fieldWord(t: TFunction, field: string): string {
  const known = FIELDS.find((each) => each === field)
  return known ? t(`golden.field_${known}`) : field.replace(/^traits\./, '')
}
