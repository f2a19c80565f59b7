// What goods and the people of a rule are called.
import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Good, GoodsPart, NextAnswer, TogetherAnswer } from '../../api/goods'

export const titleOf = (good: Good) => good.name ?? good.id

export function useTitles() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const quoted = (names: readonly string[]) => names.map((name) => t('goods.quoted', { name })).join(t('goods.and'))
  // An address holds codes; names are in the answers that this page has, if any.
  const known = (id: string) => {
    const together = client.getQueriesData<TogetherAnswer>({ queryKey: ['goods', 'together'] }).flatMap(([, data]) => data?.rules.flatMap((rule) => [...rule.antecedent, rule.consequent]) ?? [])
    const next = client.getQueriesData<NextAnswer>({ queryKey: ['goods', 'next'] }).flatMap(([, data]) => data?.pairs.flatMap((pair) => [pair.first, pair.next]) ?? [])
    const found = [...together, ...next].find((good) => good.id === id)
    return found ? titleOf(found) : id
  }
  return {
    rule: (bought: readonly Good[], then: Good) => t('goods.rule_names', { bought: bought.map(titleOf).join(t('goods.and')), then: titleOf(then) }),
    quoted: (goods: readonly Good[]) => quoted(goods.map(titleOf)),
    people: ({ of, antecedent, consequent, which }: GoodsPart) => {
      const words = { bought: quoted(antecedent.map(known)), then: quoted([known(consequent)]) }
      if (of === 'need') return t(`goods.people_${which}_need`, words)
      if (of === 'extension') return t('goods.people_extension', words)
      return of === 'next' ? t(`goods.people_${which}_next`, words) : t(`goods.people_${which}`, words)
    },
  }
}
