// The roles of one person, as boxes to tick; what does not go together is said.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { rolesQuery, ROLES } from '../../api/accounts'
import { word } from '../../words'
import { conflictOf } from './roles'

export function RolesField({ roles, onChange, isFixed = false }: { roles: readonly string[]; onChange: (roles: string[]) => void; isFixed?: boolean }) {
  const { t } = useTranslation()
  const separated = useQuery(rolesQuery).data?.separated ?? false
  const conflict = conflictOf(roles, separated)
  return (
    <fieldset className="zk-roles-field" disabled={isFixed}>
      <legend>{t('users.roles')}</legend>
      <div className="zk-choices">
        {ROLES.map((role) => (
          <label key={role} className="zk-check" title={t(`role_help.${role}`)}>
            <input type="checkbox" checked={roles.includes(role)} onChange={(event) => onChange(event.target.checked ? [...roles, role] : roles.filter((each) => each !== role))} />
            {word(t, 'role', role)}
          </label>
        ))}
      </div>
      {roles.length > 0 && (
        <ul className="zk-field-help">
          {ROLES.filter((role) => roles.includes(role)).map((role) => (
            <li key={role}>{t(`role_help.${role}`)}</li>
          ))}
        </ul>
      )}
      <p className="zk-form-error" role="status">
        {conflict && t(`users.${conflict}`)}
      </p>
    </fieldset>
  )
}
