// 人工标签: a name and the values that people choose from when they put it on a customer.
import { Button, Input, Select } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '../../ui/Card'
import { ErrorNotice } from '../../ui/states'
import { useDeclare } from './saving'
import '../segments/segments.css'
import './tags.css'

export function ManualForm({ start, isNew }: { start: { key: string; values: readonly string[] }; isNew: boolean }) {
  const { t } = useTranslation()
  const id = useId()
  const [key, setKey] = useState(start.key)
  const [values, setValues] = useState([...start.values])
  const save = useDeclare()
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (key.trim()) save.mutate({ key: key.trim(), values })
  }
  return (
    <Card>
      <form onSubmit={submit} className="zk-manual-form">
        <div className="zk-builder-field">
          <label htmlFor={`${id}-key`}>{t('tags.manual_name')}</label>
          <Input id={`${id}-key`} value={key} maxLength={100} disabled={!isNew} onChange={(event) => setKey(event.target.value)} />
        </div>
        <div className="zk-builder-field zk-manual-values">
          <label htmlFor={`${id}-values`}>{t('tags.choices')}</label>
          <Select
            id={`${id}-values`}
            mode="tags"
            open={false}
            suffix={null}
            className="zk-wide"
            placeholder={t('tags.choices_hint')}
            tokenSeparators={[',', '，', '、', ';', '；']}
            value={values}
            onChange={setValues}
          />
        </div>
        <Button type="primary" htmlType="submit" loading={save.isPending} disabled={!key.trim()}>
          {t('segments.save')}
        </Button>
      </form>
      <p className="zk-muted zk-builder-help">{t('tags.manual_help')}</p>
      {save.error && <ErrorNotice error={save.error} title={t('tags.save_failed')} />}
    </Card>
  )
}
