import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it } from 'vitest'
import { renderPart } from '../../test-render'
import { LiveEvents } from './LiveEvents'
import { added, type LiveEvent } from './tail'

const event = (id: string, status: LiveEvent['status'] = 'accepted'): LiveEvent => ({
  event_id: id,
  received_at: '2026-11-21T03:00:00Z',
  source: 'web',
  kind: 'track',
  name: `Event ${id}`,
  who: '138****5678',
  status,
  reason_code: status === 'rejected' ? 'no_identity' : null,
  properties: { id },
})

it('keeps the newest first, each once', () => {
  expect(added([event('1')], [event('1'), event('2'), event('3')]).map((each) => each.event_id)).toEqual(['3', '2', '1'])
  const many = added([], Array.from({ length: 300 }, (_, index) => event(String(index))))
  expect([many.length, many[0]?.event_id]).toEqual([200, '299'])
})

it('holds events back while paused and shows them afterwards', async () => {
  let send: (events: readonly LiveEvent[]) => void = () => undefined
  const subscribe = (onEvents: (events: readonly LiveEvent[]) => void) => {
    send = onEvents
    return () => undefined
  }
  renderPart(<LiveEvents subscribe={subscribe} />)
  expect(screen.getByText('还没有事件')).toBeTruthy()
  act(() => send([event('1'), event('2', 'rejected')]))
  expect(screen.getAllByText(/^Event /).map((each) => each.textContent)).toEqual(['Event 2', 'Event 1'])
  expect(screen.getByText('没有身份标识')).toBeTruthy()

  const user = userEvent.setup()
  await user.click(screen.getByRole('button', { name: '暂停' }))
  act(() => send([event('3')]))
  expect(screen.queryByText('Event 3')).toBeNull()
  expect(screen.getByText('已暂停，期间到达 1 条')).toBeTruthy()
  await user.click(screen.getByRole('button', { name: '继续' }))
  expect(screen.getAllByText(/^Event /)[0]?.textContent).toBe('Event 3')

  await user.click(screen.getByRole('checkbox', { name: '只看被拒收的' }))
  expect(screen.getAllByText(/^Event /)).toHaveLength(1)
})
