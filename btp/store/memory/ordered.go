package memory

import "github.com/tidwall/btree"

// ordered keeps lists of records, each in the order of Sequence, under what
// their records have in common. A list that is empty is not there.
type ordered[K comparable, T any] map[K]*btree.Map[uint64, T]

func (o ordered[K, T]) add(key K, sequence uint64, one T) {
	list, ok := o[key]
	if !ok {
		list = &btree.Map[uint64, T]{}
		o[key] = list
	}
	list.Set(sequence, one)
}

func (o ordered[K, T]) remove(key K, sequence uint64) {
	list, ok := o[key]
	if !ok {
		return
	}
	list.Delete(sequence)
	if list.Len() == 0 {
		delete(o, key)
	}
}

func (o ordered[K, T]) at(key K, sequence uint64) (one T, ok bool) {
	if list, ok := o[key]; ok {
		return list.Get(sequence)
	}
	return one, false
}

// walk shows the records of a list behind after to visit, until that returns false.
func (o ordered[K, T]) walk(key K, after uint64, visit func(T) bool) {
	if list, ok := o[key]; ok && after+1 > after {
		list.Ascend(after+1, func(_ uint64, one T) bool { return visit(one) })
	}
}

// page returns the records of a list behind after that are selected, at most
// limit; 0: no limit.
func page[K comparable, T any](o ordered[K, *T], key K, after uint64, limit int, selected func(*T) bool, clone func(*T) T) (found []T) {
	o.walk(key, after, func(one *T) bool {
		if selected(one) {
			found = append(found, clone(one))
		}
		return limit <= 0 || len(found) < limit
	})
	return found
}
