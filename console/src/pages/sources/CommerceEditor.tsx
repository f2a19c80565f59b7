// How a source's own events are read as orders: a text to edit, checked by the server when it is saved.
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Input } from 'antd'
import { useId, useState, type ChangeEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { updateSource } from '../../api/queries'
import type { Source } from '../../api/types'
import { ErrorNotice } from '../../ui/states'

const EXAMPLE = `events:
  PayOrder:
    event: order_paid
    fields: {order_id: orderNo, total: payAmount, time: payTime, products: goods}
    line_fields: {product_id: goodsId, name: goodsName, quantity: num, price: goodsPrice}
    unit: fen
`

export function CommerceEditor({ source }: { source: Source }) {
  const { t } = useTranslation()
  const cache = useQueryClient()
  const id = useId()
  const [text, setText] = useState(() => textOf(source.commerce))
  const save = useMutation({
    mutationFn: () => updateSource(source.source_id, { commerce: text.trim() || '{}' }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['sources'] }),
  })
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0]
    event.target.value = ''
    if (file) setText(await file.text())
  }
  return (
    <details className="zk-commerce" open={save.isError || undefined}>
      <summary>{t('sources.commerce')}</summary>
      <p id={`${id}-help`} className="zk-muted">
        {t('sources.commerce_help')}
      </p>
      <label htmlFor={id} className="zk-hidden">
        {t('sources.commerce')}
      </label>
      <Input.TextArea id={id} value={text} onChange={(event) => setText(event.target.value)} rows={12} placeholder={EXAMPLE} spellCheck={false} aria-describedby={`${id}-help`} className="zk-code-input" />
      {save.isError && <ErrorNotice error={save.error} title={t('sources.commerce_wrong')} />}
      <div className="zk-form-actions">
        <Button loading={save.isPending} onClick={() => save.mutate()}>
          {t('sources.commerce_save')}
        </Button>
        <label className="zk-button">
          {t('sources.commerce_file')}
          <input type="file" accept=".yaml,.yml,.json" className="zk-hidden" onChange={(event) => void read(event)} />
        </label>
        <span className="zk-muted" role="status">
          {save.isSuccess && t('sources.commerce_saved')}
        </span>
      </div>
    </details>
  )
}

/** JSON is YAML: what is in force can be edited as it is; nothing for a mapping of nothing. */
export function textOf(commerce: Source['commerce']): string {
  const { events } = commerce as { events?: Record<string, unknown> }
  return events && Object.keys(events).length > 0 ? JSON.stringify(commerce, null, 2) : ''
}
