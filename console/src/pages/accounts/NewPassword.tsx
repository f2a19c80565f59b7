// A password to be chosen: twice, with what it must be and how hard it is to guess.
import { CheckOutlined, MinusOutlined } from '@ant-design/icons'
import { Input } from 'antd'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { isGoodPassword, keptRules, LONG_CHARS, MIN_CHARS, RULES, strengthOf } from './password'

export type Chosen = { password: string; again: string }
export const NOTHING_CHOSEN: Chosen = { password: '', again: '' }

export const isChosen = ({ password, again }: Chosen, name: string): boolean => isGoodPassword(password, name) && password === again

const BARS = { weak: 1, fair: 2, strong: 3 } as const
const COLOUR = { weak: 'error', fair: 'warning', strong: 'success' } as const

export function NewPassword({ chosen, onChange, name }: { chosen: Chosen; onChange: (chosen: Chosen) => void; name: string }) {
  const { t } = useTranslation()
  const id = useId()
  const { password, again } = chosen
  const kept = keptRules(password, name)
  const strength = strengthOf(password, name)
  const isOther = again !== '' && again !== password
  return (
    <>
      <div className="zk-field">
        <label htmlFor={id}>{t('access.new_password')}</label>
        <Input.Password id={id} value={password} autoComplete="new-password" aria-describedby={`${id}-rules`} onChange={(event) => onChange({ ...chosen, password: event.target.value })} />
      </div>
      <ul id={`${id}-rules`} className="zk-password-rules">
        {RULES.map((rule) => (
          <li key={rule} className={kept[rule] ? 'zk-kept' : undefined}>
            {kept[rule] ? <CheckOutlined aria-hidden="true" /> : <MinusOutlined aria-hidden="true" />}
            <span>
              {t(`access.rule_${rule}`, { min: MIN_CHARS, long: LONG_CHARS })}
              <span className="zk-hidden">{kept[rule] ? t('access.rule_kept') : t('access.rule_open')}</span>
            </span>
          </li>
        ))}
      </ul>
      <p className="zk-strength" role="status">
        {password !== '' && (
          <>
            <span className="zk-strength-bars" aria-hidden="true">
              {[1, 2, 3].map((bar) => (
                <span key={bar} style={bar <= BARS[strength] ? { background: `var(--zk-${COLOUR[strength]})` } : undefined} />
              ))}
            </span>
            {t('access.strength', { strength: t(`access.strength_${strength}`) })}
          </>
        )}
      </p>
      <div className="zk-field">
        <label htmlFor={`${id}-again`}>{t('access.password_again')}</label>
        <Input.Password
          id={`${id}-again`}
          value={again}
          autoComplete="new-password"
          status={isOther ? 'error' : ''}
          aria-invalid={isOther}
          aria-describedby={`${id}-other`}
          onChange={(event) => onChange({ ...chosen, again: event.target.value })}
        />
        <p id={`${id}-other`} className="zk-form-error">
          {isOther && t('access.passwords_differ')}
        </p>
      </div>
    </>
  )
}
