// Which customers somebody sees: all, or those of some provinces and stores.
import { Select } from 'antd'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'

export type Scope = { provinces: string[]; stores: string[] }

const SEPARATORS = [',', '，', '、', ';', '；', ' ']

export function ScopeFields({ scope, onChange, isFixed = false }: { scope: Scope; onChange: (scope: Scope) => void; isFixed?: boolean }) {
  const { t } = useTranslation()
  const id = useId()
  const field = (key: keyof Scope) => (
    <div className="zk-field">
      <label htmlFor={`${id}-${key}`}>{t(`users.${key}`)}</label>
      <Select
        id={`${id}-${key}`}
        mode="tags"
        open={false}
        suffix={null}
        disabled={isFixed}
        placeholder={t('users.scope_all')}
        tokenSeparators={SEPARATORS}
        aria-describedby={`${id}-help`}
        value={scope[key]}
        onChange={(values: string[]) => onChange({ ...scope, [key]: values.map((value) => value.trim()).filter(Boolean) })}
      />
    </div>
  )
  return (
    <>
      {field('provinces')}
      {field('stores')}
      <p id={`${id}-help`} className="zk-field-help">
        {t('users.scope_help')}
      </p>
    </>
  )
}
