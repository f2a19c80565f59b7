// What each role sees of values of each grade: by example, and what it takes to see one whole.
import { useTranslation } from 'react-i18next'
import type { RoleItem, RolesSheet, Shown } from '../../api/accounts'
import { useSettings } from '../../app/settings'
import { useFormat } from '../../app/workspace'
import { DataTable, type Column } from '../../ui/DataTable'
import { CLASSES, exampleOf, GRADES, gradeOf, type Class, type Grade } from './masks'

export function Masks({ sheet: { roles } }: { sheet: RolesSheet }) {
  const { t } = useTranslation()
  const { lang } = useSettings()
  const format = useFormat()
  const shown = (role: RoleItem, grade: Grade): Shown => role.shows[grade] ?? 'full'
  const perRole = <Row,>(cell: (row: Row, role: RoleItem) => React.ReactNode): Column<Row>[] => roles.map((role) => ({ key: role.role, title: role[lang], cell: (row) => cell(row, role) }))
  return (
    <>
      <h2 className="zk-part-title">{t('roles.grades')}</h2>
      <DataTable
        caption={t('roles.grades')}
        rows={GRADES}
        rowKey={(grade) => grade}
        keepsColumns
        columns={[
          {
            key: 'grade',
            title: t('roles.grade'),
            isHead: true,
            cell: (grade) => (
              <>
                {t('roles.grade_n', { n: grade })} <span className="zk-muted">{t(`roles.grade_${grade}`)}</span>
              </>
            ),
          },
          ...perRole<Grade>((grade, role) => t(`roles.shown_${shown(role, grade)}`)),
        ]}
      />
      <h2 className="zk-part-title">{t('roles.examples')}</h2>
      <p className="zk-muted">{t('roles.examples_help')}</p>
      <DataTable
        caption={t('roles.examples')}
        rows={CLASSES}
        rowKey={(kind) => kind}
        keepsColumns
        columns={[
          {
            key: 'class',
            title: t('roles.class'),
            isHead: true,
            cell: (kind) => (
              <>
                <span className="zk-figures">{t(`roles.class_${kind}`)}</span> <span className="zk-muted zk-figures">{t('roles.grade_n', { n: gradeOf(kind) })}</span>
              </>
            ),
          },
          ...perRole<Class>((kind, role) => <code>{exampleOf(kind, shown(role, gradeOf(kind)))}</code>),
        ]}
      />
      <h2 className="zk-part-title">{t('roles.unmask')}</h2>
      <DataTable
        caption={t('roles.unmask')}
        rows={['3', '4', 'group'] as const}
        rowKey={(row) => row}
        keepsColumns
        columns={[
          { key: 'what', title: t('roles.what'), isHead: true, cell: (row) => (row === 'group' ? t('roles.min_group') : t('roles.unmask_grade', { n: row })) },
          ...perRole<'3' | '4' | 'group'>((row, role) => (row === 'group' ? format.count(role.min_group) : t(`roles.unmask_${role.unmask[row] ?? 'never'}`))),
        ]}
      />
      <p className="zk-muted">{t('roles.min_group_help')}</p>
    </>
  )
}
