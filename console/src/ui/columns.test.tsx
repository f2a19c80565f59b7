import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, describe, expect, it } from 'vitest'
import { renderPart } from '../test-render'
import { useColumns, type ChoosableColumn } from './columns'
import { DataTable } from './DataTable'

const COLUMNS: ChoosableColumn<string>[] = [
  { key: 'name', title: 'Name', isHead: true, isFixed: true, cell: (row) => row },
  { key: 'city', title: 'City', cell: () => 'x' },
  { key: 'id', title: 'Id', isExtra: true, cell: () => 'y' },
]

function List() {
  const { shown, chooser } = useColumns('test', COLUMNS)
  return (
    <>
      {chooser}
      <DataTable caption="list" rows={['a']} rowKey={(row) => row} columns={shown} />
    </>
  )
}
const heads = () => screen.getAllByRole('columnheader').map((head) => head.textContent)

beforeEach(() => localStorage.clear())

describe('columns', () => {
  it('are chosen by keyboard and kept', async () => {
    const { unmount } = renderPart(<List />)
    expect(heads()).toEqual(['Name', 'City'])
    const user = userEvent.setup()
    await user.tab()
    await user.keyboard('{Enter}')
    const panel = screen.getByRole('group', { name: '显示哪些列' })
    expect(panel).toBeTruthy()
    await user.tab() // the fixed one is passed over
    expect(document.activeElement).toBe(screen.getByRole('checkbox', { name: 'City' }))
    await user.keyboard(' ')
    await user.tab()
    await user.keyboard(' ')
    expect(heads()).toEqual(['Name', 'Id'])
    await user.keyboard('{Escape}')
    expect(document.activeElement).toBe(screen.getByRole('button', { name: '列' }))
    expect(screen.queryByRole('group', { name: '显示哪些列' })).toBeNull()
    unmount()

    renderPart(<List />)
    expect(heads()).toEqual(['Name', 'Id'])
    await user.click(screen.getByRole('button', { name: '列' }))
    await user.click(screen.getByRole('button', { name: '恢复默认' }))
    expect(heads()).toEqual(['Name', 'City'])
    expect(localStorage.getItem('zhike.columns.test')).toBeNull()
  })

  it('fall back to the usual ones when what was kept makes no sense', () => {
    localStorage.setItem('zhike.columns.test', '{"city":"no","gone":true}')
    renderPart(<List />)
    expect(heads()).toEqual(['Name', 'City'])
    localStorage.setItem('zhike.columns.test', '[')
    renderPart(<List />)
    expect(screen.getAllByRole('columnheader')).toHaveLength(4)
  })
})
