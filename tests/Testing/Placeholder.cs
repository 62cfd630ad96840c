namespace Testing;
