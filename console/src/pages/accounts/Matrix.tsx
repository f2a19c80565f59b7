// Roles × permissions, as the server's own table has them.
import { CheckOutlined } from '@ant-design/icons'
import { useTranslation } from 'react-i18next'
import type { RolesSheet } from '../../api/accounts'
import { useSettings } from '../../app/settings'
import { DataTable } from '../../ui/DataTable'
import { byArea } from './roles'

export function Matrix({ sheet: { roles, permissions } }: { sheet: RolesSheet }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  // Those of one area stand together, in the order of the table.
  const rows = byArea(permissions).flatMap(([, some]) => some)
  return (
    <>
      <p className="zk-muted">{t('roles.matrix_help')}</p>
      <DataTable
        caption={t('roles.view_permissions')}
        rows={rows}
        rowKey={(row) => row.permission}
        keepsColumns
        columns={[
          {
            key: 'permission',
            title: t('roles.permission'),
            isHead: true,
            cell: (row) => (
              <>
                {row[lang]} <code className="zk-muted">{row.permission}</code>
              </>
            ),
          },
          ...roles.map((role) => ({
            key: role.role,
            title: role[lang],
            align: 'center' as const,
            cell: (row: RolesSheet['permissions'][number]) =>
              role.grants[row.permission] ? <CheckOutlined className="zk-allowed" aria-label={t('roles.yes')} /> : <span aria-label={t('roles.no')} role="img">–</span>,
          })),
        ]}
      />
    </>
  )
}
