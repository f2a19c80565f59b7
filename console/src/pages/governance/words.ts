// Words for classes of data, grounds, meters. A code we do not know is shown as it is, never dropped.
import type { TFunction } from 'i18next'
import { zh } from '../../i18n/zh'

type Group = 'retention.class' | 'retention.basis' | 'retention.then' | 'budgets.meter' | 'register.why' | 'register.basis' | 'register.separate' | 'grades.class' | 'grades.origin'

export function known(t: TFunction, group: Group, code: string): string {
  const [page, part] = group.split('.') as ['retention' | 'budgets' | 'register' | 'grades', string]
  if (!Object.hasOwn(zh[page], `${part}_${code}`)) return code
  // The key is known to exist, which the compiler cannot see.
  return (t as unknown as (key: string) => string)(`${group}_${code}`)
}
