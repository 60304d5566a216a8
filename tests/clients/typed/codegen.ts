import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../../schema.graphql',
  documents: ['*.ts'],
  generates: {
    './gql/': {
      preset: 'client',
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: {
          CountryCode: 'string',
          CurrencyCode: 'string',
          Date: 'string',
          DateTime: 'string',
          Decimal: 'string',
          EmailAddress: 'string',
          JSON: 'unknown',
          LanguageTag: 'string',
          Long: 'number',
          PhoneNumber: 'string',
          TimeZone: 'string',
          URL: 'string',
        },
      },
    },
  },
  emitLegacyCommonJSImports: false,
};

export default config;
