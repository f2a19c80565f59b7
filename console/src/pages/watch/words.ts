// Words for codes of approvals and incidents. A code we do not know is shown as it is, never dropped.
import type { TFunction } from 'i18next'
import { zh } from '../../i18n/zh'

type Group = 'approvals.status' | 'incidents.kind' | 'incidents.severity' | 'incidents.status' | 'incidents.class' | 'incidents.step' | 'incidents.hook'

export function known(t: TFunction, group: Group, code: string): string {
  const [page, part] = group.split('.') as ['approvals' | 'incidents', string]
  if (!Object.hasOwn(zh[page], `${part}_${code}`)) return code
  // The key is known to exist, which the compiler cannot see.
  return (t as unknown as (key: string) => string)(`${group}_${code}`)
}
