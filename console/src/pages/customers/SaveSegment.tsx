// The people of a list as a segment: its rule under a name.
import { Button, Input } from 'antd'
import { useId, useState, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { RuleJson } from '../../api/segments'
import { ErrorNotice } from '../../ui/states'
import { Sheet } from '../../ui/Sheet'
import { useSave } from '../segments/saving'

type Props = { rule: RuleJson; sentence: string; onClose: () => void }

export default function SaveSegment({ rule, sentence, onClose }: Props) {
  const { t } = useTranslation()
  const id = useId()
  const [name, setName] = useState('')
  const save = useSave(undefined)
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (name.trim()) save.mutate({ name: name.trim(), purpose: '', description: '', refresh: 'daily', rule })
  }
  return (
    <Sheet title={t('customers.save_segment')} closeLabel={t('customers.close')} onClose={onClose}>
      <form className="zk-sheet-form" onSubmit={submit}>
        <p>{sentence}</p>
        <p className="zk-muted">{t('customers.save_segment_help')}</p>
        <label htmlFor={id}>{t('customers.segment_name')}</label>
        <Input id={id} value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
        {save.error && <ErrorNotice error={save.error} />}
        <div className="zk-form-actions">
          <Button type="primary" htmlType="submit" disabled={!name.trim()} loading={save.isPending}>
            {t('customers.save')}
          </Button>
        </div>
      </form>
    </Sheet>
  )
}
