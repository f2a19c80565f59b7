// 三员分立: running the system, deciding who may do what and reading what was done, in different hands.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Popconfirm } from 'antd'
import { useTranslation } from 'react-i18next'
import { rolesQuery, separateAdministrators, type RolesSheet } from '../../api/accounts'
import { useMay } from '../../app/session'
import { ErrorNotice } from '../../ui/states'
import { word } from '../../words'
import { SEPARATED } from './roles'

export function Separation({ sheet: { separated } }: { sheet: RolesSheet }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const may = useMay('policy.change')
  const change = useMutation({
    mutationFn: () => separateAdministrators(!separated),
    onSuccess: () => cache.invalidateQueries({ queryKey: rolesQuery.queryKey }),
  })
  return (
    <div className="zk-separation">
      <p>
        <span className="zk-tag">
          <span className="zk-dot" style={{ background: `var(--zk-${separated ? 'success' : 'text-3'})` }} />
          <strong>{separated ? t('roles.separated') : t('roles.together')}</strong>
        </span>
      </p>
      <p>{t('roles.separation_help')}</p>
      <dl className="zk-facts">
        {SEPARATED.map((role) => (
          <div key={role}>
            <dt>{word(t, 'role', role)}</dt>
            <dd>{t(`role_help.${role}`)}</dd>
          </div>
        ))}
      </dl>
      {change.isError && <ErrorNotice error={change.error} title={t('roles.separation_failed')} />}
      {may ? (
        <div className="zk-form-actions">
          <Popconfirm
            title={separated ? t('roles.together_sure') : t('roles.separate_sure')}
            okText={separated ? t('roles.put_together') : t('roles.separate')}
            cancelText={t('access.cancel')}
            onConfirm={() => change.mutate()}
            styles={{ root: { maxWidth: 420 } }}
          >
            <Button loading={change.isPending} danger={separated}>
              {separated ? t('roles.put_together') : t('roles.separate')}
            </Button>
          </Popconfirm>
        </div>
      ) : (
        <p className="zk-muted">{t('roles.separation_by')}</p>
      )}
    </div>
  )
}
