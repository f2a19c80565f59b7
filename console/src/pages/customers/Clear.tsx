// A customer in the clear, as far as the role goes.
import { useTranslation } from 'react-i18next'
import type { ProfileSheet } from '../../api/types'
import { word } from '../../words'

export function Clear({ sheet: { profile, identities } }: { sheet: ProfileSheet }) {
  const { t } = useTranslation()
  const known = [
    [t('profile.name'), profile.name],
    [t('profile.phone'), profile.phone],
    [t('profile.email'), profile.email],
    [t('profile.id_number'), profile.id_number],
    [t('profile.birthday'), profile.birthday],
    [t('profile.address'), profile.address],
    ...identities.map((identity) => [word(t, 'identity', identity.kind), identity.value] as const),
  ] as const
  return (
    <div role="status">
      <dl className="zk-facts">
        {known.map(
          ([label, value], at) =>
            value && (
              <div key={at}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </div>
  )
}
