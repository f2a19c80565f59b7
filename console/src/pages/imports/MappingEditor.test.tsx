import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { useState } from 'react'
import { describe, expect, it, vi } from 'vitest'
import type { Mapping } from '../../api/types'
import { renderPart } from '../../test-render'
import { confidenceOf, isDate, problemsOf, TRAITS, withDateOrder, withDefaults, withTarget, withUnit } from './mapping'
import { MappingEditor } from './MappingEditor'

const targets = [
  { name: 'order_id', title_zh: '订单编号', title_en: 'Order id', personal: false, required: true },
  { name: 'ordered_at', title_zh: '下单时间', title_en: 'Ordered at', personal: false, required: true },
  { name: 'amount', title_zh: '实付金额', title_en: 'Amount paid', personal: false, required: false },
  { name: 'phone', title_zh: '手机号', title_en: 'Phone', personal: true, required: false },
]
const mapping: Mapping = {
  version: 1,
  entity: 'orders',
  source: 's',
  zone: null,
  date_order: null,
  currency: null,
  status_words: { 已付: 'paid' },
  columns: [
    { header: '单号', target: 'order_id', unit: null, confidence: 0.95 },
    { header: '时间', target: null, unit: null, confidence: 0 },
    { header: '金额（分）', target: 'amount', unit: 'fen', confidence: 0.6 },
    { header: '电话', target: 'phone', unit: null, confidence: 0.3, shape: 'mobile' },
  ],
}
const sample = [['A1', '2026-01-02', '1200', '138****5678'], ['A2', null, '50', '']]

describe('a mapping', () => {
  it('keeps what the console does not know when it is edited', () => {
    const edited = withTarget(mapping, 3, null)
    expect(edited.status_words).toEqual({ 已付: 'paid' })
    expect(edited.columns[3]).toEqual({ header: '电话', target: null, unit: null, confidence: 1, shape: 'mobile' })
    expect(mapping.columns[3]?.target).toBe('phone')
  })

  it('drops a unit with the money it belonged to', () => {
    expect(withTarget(mapping, 2, 'phone').columns[2]).toMatchObject({ target: 'phone', unit: null })
    expect(withTarget(mapping, 2, 'discount').columns[2]?.unit).toBe('fen')
    expect(withUnit(mapping, 2, null).columns[2]?.unit).toBeNull()
  })

  it('has an order of day and month by column, which leaves with the date', () => {
    const dated = withDateOrder(withTarget(mapping, 1, 'ordered_at'), 1, 'day_first')
    expect(dated.columns[1]).toMatchObject({ target: 'ordered_at', date_order: 'day_first' })
    expect(withTarget(dated, 1, 'paid_at').columns[1]?.date_order).toBe('day_first')
    expect(withTarget(dated, 1, 'order_id').columns[1]?.date_order).toBeNull()
    expect(['ordered_at', 'at', 'registered_on', 'birthday'].every(isDate)).toBe(true)
    expect(['amount', 'status', 'format', 'region', 'attribution'].some(isDate)).toBe(false)
  })

  it('is sent with the defaults of the workspace where a field was emptied', () => {
    const own = { source: 'shop', zone: 'Asia/Shanghai', currency: 'CNY' }
    expect(withDefaults({ ...mapping, source: ' ', zone: 'Europe/London' }, own)).toMatchObject({ source: 'shop', zone: 'Europe/London', currency: 'CNY' })
  })

  it('grades confidence', () => {
    expect(mapping.columns.map(confidenceOf)).toEqual(['high', 'none', 'medium', 'low'])
  })

  it('names required fields without a column and fields with several', () => {
    expect(problemsOf(mapping, targets)).toEqual([{ kind: 'missing', targets: [targets[1]] }])
    expect(problemsOf(withTarget(withTarget(mapping, 1, 'ordered_at'), 3, 'amount'), targets)).toEqual([{ kind: 'duplicate', target: 'amount', headers: ['金额（分）', '电话'], addsUp: false }])
    const kept = withTarget(withTarget(withTarget(mapping, 1, 'ordered_at'), 2, TRAITS), 3, TRAITS)
    expect(problemsOf(kept, targets)).toEqual([])
    expect(confidenceOf(kept.columns[2]!)).toBe('none')
  })
})

function Editor({ onChange, from = mapping }: { onChange: (mapping: Mapping) => void; from?: Mapping }) {
  const [edited, setEdited] = useState(from)
  return (
    <MappingEditor
      upload={{ sample, targets }}
      mapping={edited}
      onChange={(next) => {
        setEdited(next)
        onChange(next)
      }}
    />
  )
}

describe('the mapping editor', () => {
  it('shows samples, doubt, personal data and units, and takes a choice by hand', async () => {
    const onChange = vi.fn<(mapping: Mapping) => void>()
    renderPart(<Editor onChange={onChange} />)
    const row = (name: string) => screen.getByText(name, { selector: 'th' }).closest('tr')!
    expect(row('金额（分）').textContent).toContain('1200')
    expect(within(row('金额（分）')).getByText('分')).toBeTruthy()
    expect(within(row('电话')).getByText('低')).toBeTruthy()
    expect(within(row('电话')).getByText('个人信息')).toBeTruthy()
    expect(screen.getByText('还没有列对应必填字段：下单时间。')).toBeTruthy()

    const user = userEvent.setup()
    await user.click(screen.getByLabelText('“时间”的目标字段'))
    await user.click(await screen.findByText('下单时间', { selector: '.ant-select-item-option-content' }))
    expect(onChange).toHaveBeenCalledOnce()
    expect(onChange.mock.calls[0]?.[0].columns[1]).toEqual({ header: '时间', target: 'ordered_at', unit: null, confidence: 1 })
    expect(within(row('时间')).getByText('人工')).toBeTruthy()
    expect(screen.queryByText(/还没有列对应必填字段/)).toBeNull()
  })

  it('asks for the order of day and month of a date column alone', async () => {
    const onChange = vi.fn<(mapping: Mapping) => void>()
    renderPart(<Editor onChange={onChange} from={withTarget(mapping, 1, 'ordered_at')} />)
    expect(screen.queryByLabelText('“单号”的日期写法')).toBeNull()
    const user = userEvent.setup()
    await user.click(screen.getByLabelText('“时间”的日期写法'))
    await user.click(await screen.findByText('日/月/年', { selector: '.ant-select-item-option-content' }))
    expect(onChange.mock.calls[0]?.[0].columns[1]).toMatchObject({ header: '时间', target: 'ordered_at', date_order: 'day_first' })
    await user.click(screen.getByLabelText('“时间”的日期写法'))
    await user.click(await screen.findByText('同文件', { selector: '.ant-select-item-option-content' }))
    expect(onChange.mock.calls[1]?.[0].columns[1]?.date_order).toBeNull()
  })
})
