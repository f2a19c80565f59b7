import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it, vi } from 'vitest'
import { renderPart } from '../test-render'
import KeyHelp from './KeyHelp'

beforeEach(() => localStorage.clear())

it('lists the keys and switches single letters off', async () => {
  const onClose = vi.fn()
  renderPart(<KeyHelp onClose={onClose} />, 'en')
  expect(screen.getByText('Next row')).toBeTruthy()
  const user = userEvent.setup()
  await user.click(screen.getByRole('checkbox', { name: /Single-character/ }))
  expect(localStorage.getItem('zhike.letter_keys')).toBe('off')
  expect(screen.getAllByText('off')).toHaveLength(3)
  await user.click(screen.getByRole('button', { name: 'Close' }))
  expect(onClose).toHaveBeenCalledOnce()
})
