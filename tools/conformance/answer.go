package main

import (
	"bytes"
	stdx509 "crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"sort"
	"time"
)

// An answer is what a worker gets: the CAs it is to trust from now on, and its certificate.
type answer struct {
	accepted    []*stdx509.Certificate
	certificate *stdx509.Certificate
}

func readAnswer(ca, crt []byte) (answer, error) {
	accepted, err := readCertificates(ca)
	if err != nil {
		return answer{}, fmt.Errorf("returned ca: %w", err)
	}

	issued, err := readCertificates(crt)
	if err != nil {
		return answer{}, fmt.Errorf("returned crt: %w", err)
	}

	if len(issued) != 1 {
		return answer{}, fmt.Errorf("returned crt holds %d certificates", len(issued))
	}

	return answer{accepted, issued[0]}, nil
}

// readCertificates reads PEM that holds certificates and not one byte else, in the encoding that Go writes.
func readCertificates(text []byte) ([]*stdx509.Certificate, error) {
	var (
		certificates []*stdx509.Certificate
		again        bytes.Buffer
	)

	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}

		certificate, err := stdx509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}

		certificates = append(certificates, certificate)
		again.Write(encodeCertificate(certificate))
	}

	if len(certificates) == 0 {
		return nil, errors.New("no certificate")
	}

	if !bytes.Equal(again.Bytes(), text) {
		return nil, errors.New("bytes that are no certificate, or not as Go writes PEM")
	}

	return certificates, nil
}

// Fields that differ between any two certificates; the last three are judged by rangeFaults instead.
var notCompared = []string{"Raw", "RawTBSCertificate", "Signature", "SerialNumber", "NotBefore", "NotAfter"}

// differingFields names every field of Go's Certificate in which two certificates differ. The list of fields is the
// type's own, so that none is forgotten: among them is the list of extensions with order, critical flag and content.
func differingFields(want, got *stdx509.Certificate) []string {
	var fields []string

	for _, field := range reflect.VisibleFields(reflect.TypeFor[stdx509.Certificate]()) {
		if !field.IsExported() || slices.Contains(notCompared, field.Name) {
			continue
		}

		a := reflect.ValueOf(want).Elem().FieldByIndex(field.Index).Interface()
		b := reflect.ValueOf(got).Elem().FieldByIndex(field.Index).Interface()

		if !reflect.DeepEqual(a, b) {
			fields = append(fields, field.Name)
		}
	}

	for _, end := range []struct {
		field string
		a, b  time.Time
	}{{"NotBefore", want.NotBefore, got.NotBefore}, {"NotAfter", want.NotAfter, got.NotAfter}} {
		// Both were issued within the same few seconds.
		if end.a.Sub(end.b).Abs() > 5*time.Second {
			fields = append(fields, end.field)
		}
	}

	sort.Strings(fields)

	return fields
}

const maxBackdating = 60 * time.Second

// rangeFaults checks what can't be compared: serial and validity.
func rangeFaults(ca, got *stdx509.Certificate, now time.Time) error {
	const clock = 5 * time.Second

	switch bits := got.SerialNumber.BitLen(); {
	case got.SerialNumber.Cmp(big.NewInt(0)) <= 0:
		return fmt.Errorf("serial %v is not positive", got.SerialNumber)
	case bits < 96 || bits > 159:
		// Of 127 random bits fewer than 96 remain once in 2^31.
		return fmt.Errorf("serial of %d bits", bits)
	}

	if early := now.Sub(got.NotBefore); early < -clock || early > maxBackdating+clock {
		return fmt.Errorf("NotBefore lies %v back", early)
	}

	want := now.Add(24 * time.Hour)
	if ca.NotAfter.Before(want) {
		want = ca.NotAfter
	}

	if got.NotAfter.Sub(want).Abs() > clock || got.NotAfter.After(ca.NotAfter) {
		return fmt.Errorf("NotAfter is %v, want %v", got.NotAfter, want)
	}

	return got.CheckSignatureFrom(ca)
}
