// Made-up values and what each kind of mask leaves of them, as `domain/src/mask.rs` makes it: examples for the page of roles.
import type { Shown } from '../../api/accounts'

export const GRADES = ['1', '2', '3', '4'] as const
export type Grade = (typeof GRADES)[number]

export const CLASSES = ['name', 'phone', 'email', 'address', 'birthday', 'id_number', 'card_no'] as const
export type Class = (typeof CLASSES)[number]

const HIDDEN = '****'

type Example = { grade: Grade; clear: string; partial: string; full: string }

const EXAMPLES: Record<Class, Example> = {
  name: { grade: '3', clear: '张三丰', partial: '张*丰', full: HIDDEN },
  phone: { grade: '3', clear: '13812345678', partial: '138****5678', full: HIDDEN },
  email: { grade: '3', clear: 'zhangsf@example.cn', partial: 'z***@example.cn', full: HIDDEN },
  address: { grade: '3', clear: '浙江省杭州市西湖区文三路 1 号', partial: '浙江省杭州市西湖区****', full: HIDDEN },
  birthday: { grade: '3', clear: '1990-05-06', partial: '1990-**-**', full: HIDDEN },
  id_number: { grade: '4', clear: '11010519491231002X', partial: '110105********002X', full: '1****************X' },
  card_no: { grade: '4', clear: '6222021234567890123', partial: '622202*********0123', full: HIDDEN },
}

export const gradeOf = (kind: Class): Grade => EXAMPLES[kind].grade

/** What somebody sees of a class of values. */
export const exampleOf = (kind: Class, shown: Shown): string => EXAMPLES[kind][shown]
