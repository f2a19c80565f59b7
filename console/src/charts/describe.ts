// One sentence that says what a line chart shows, for those who do not see it.
import type { TFunction } from 'i18next'

export type DescribedLine = {
  name: string
  labels: readonly string[]
  values: readonly (number | null)[]
  /** How a value of this line is written. */
  write: (value: number) => string
  /** Sums of this line and of the compared one, already written. */
  totals?: { current: string; previous: string } | undefined
  isLastPartial?: boolean
}

export function describeLine(t: TFunction, { name, labels, values, write, totals, isLastPartial = false }: DescribedLine): string {
  const known = values.flatMap((value, index) => (value === null ? [] : [{ value, label: labels[index] ?? '' }]))
  const first = known[0]
  if (!first) return t('describe.empty', { name })
  // An unfinished day is low because it is unfinished; it is no lowest day.
  const complete = isLastPartial && values.at(-1) !== null && known.length > 1 ? known.slice(0, -1) : known
  const max = complete.reduce((best, each) => (each.value > best.value ? each : best))
  const min = complete.reduce((best, each) => (each.value < best.value ? each : best))
  const sentences = [
    t('describe.line', {
      name,
      from: labels[0] ?? '',
      to: labels.at(-1) ?? '',
      n: known.length,
      max: write(max.value),
      max_at: max.label,
      min: write(min.value),
      min_at: min.label,
    }),
    totals ? t('describe.compare', totals) : '',
    isLastPartial ? t('describe.partial') : '',
  ]
  // A Chinese full stop brings its own space.
  return sentences.filter(Boolean).reduce((all, next) => (all.endsWith('。') ? all + next : `${all} ${next}`))
}
