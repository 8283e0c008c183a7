package tiny

import "testing"

func TestAdult(t *testing.T) {
	for name, age := range map[string]int{"at eighteen": 18, "at forty": 40} {
		t.Run(name, func(t *testing.T) {
			if !Adult(age) {
				t.Errorf("of %d years: no adult", age)
			}
		})
	}
}

func TestPrice(t *testing.T) {
	if Price(30) != 10 {
		t.Error("an adult does not pay 10")
	}
}

func TestThatFails(t *testing.T) { t.Error("without any edit") }
