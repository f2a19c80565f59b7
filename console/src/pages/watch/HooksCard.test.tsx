import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import type { Hook } from '../../api/types'
import { hooksQuery, type putHooks } from '../../api/watch'
import { renderPart } from '../../test-render'
import { HooksCard } from './HooksCard'

const hook = (hook_id: string, url: string): Hook => ({ hook_id, url, last_outcome: null, last_tried_at: null, next_try_at: null, n_tries: 0 })

it('keeps addresses by their ids, for what they hold is not shown', async () => {
  const items = [hook('a', 'https://one.example.com/****'), hook('b', 'https://two.example.com/****')]
  const answer = () => Promise.resolve({ items, secret: null })
  const put = vi.fn<typeof putHooks>(answer)
  renderPart(<HooksCard title="通知" hint="" query={{ ...hooksQuery, queryFn: answer }} put={put} test={answer} />)
  const user = userEvent.setup()
  await user.click(await screen.findByRole('button', { name: '去掉 https://one.example.com/****' }))
  await user.click(screen.getByLabelText('添加通知地址（每行一个）'))
  await user.paste('https://three.example.com/in?key=abc\n')
  await user.click(screen.getByRole('button', { name: '保存' }))
  expect(put.mock.calls[0]?.[0]).toEqual({ urls: ['https://three.example.com/in?key=abc'], kept: ['b'] })
})
