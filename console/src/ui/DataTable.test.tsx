import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { renderPart } from '../test-render'
import { DataTable } from './DataTable'

type Row = { id: string; name: string }
const ROWS: Row[] = [
  { id: '1', name: 'Ann' },
  { id: '2', name: 'Bo' },
  { id: '3', name: 'Cy' },
]

function list(onPeek?: (row: Row) => void) {
  return (
    <>
      <input aria-label="typed" />
      <DataTable
        caption="people"
        rows={ROWS}
        rowKey={(row) => row.id}
        columns={[
          { key: 'name', title: 'Name', isHead: true, cell: (row) => <a href={`#${row.id}`}>{row.name}</a> },
          { key: 'id', title: 'Id', cell: (row) => row.id },
        ]}
        hasRowKeys
        onPeek={onPeek}
      />
    </>
  )
}
const focused = () => document.activeElement?.textContent

beforeEach(() => localStorage.clear())

describe('rows by keyboard', () => {
  it('are gone through with J and K, and stop at the ends', async () => {
    renderPart(list())
    const user = userEvent.setup()
    await user.keyboard('j')
    expect(focused()).toBe('Ann')
    await user.keyboard('jj')
    expect(focused()).toBe('Cy')
    await user.keyboard('j')
    expect(focused()).toBe('Cy')
    await user.keyboard('k')
    expect(focused()).toBe('Bo')
    await user.keyboard('{ArrowUp}')
    expect(focused()).toBe('Ann')
  })

  it('open beside the list with Space, or by a click that is not on a link', async () => {
    const onPeek = vi.fn<(row: Row) => void>()
    renderPart(list(onPeek))
    const user = userEvent.setup()
    await user.keyboard('jj ')
    expect(onPeek).toHaveBeenLastCalledWith(ROWS[1])
    await user.click(screen.getByText('3'))
    expect(onPeek).toHaveBeenLastCalledWith(ROWS[2])
    await user.click(screen.getByText('Ann'))
    expect(onPeek).toHaveBeenCalledTimes(2)
  })

  it('leave letters alone while somebody types, and when letters are switched off', async () => {
    const { unmount } = renderPart(list())
    const user = userEvent.setup()
    await user.click(screen.getByLabelText('typed'))
    await user.keyboard('jk')
    expect(screen.getByLabelText('typed')).toHaveProperty('value', 'jk')
    unmount()

    localStorage.setItem('zhike.letter_keys', 'off')
    renderPart(list())
    await user.keyboard('j')
    expect(document.activeElement).toBe(document.body)
    screen.getByText('Ann').focus()
    await user.keyboard('{ArrowDown}')
    expect(focused()).toBe('Bo')
  })
})
